import billing.encryption
import billing.links
import billing.money
import billing.text.addresses
import django.db.models.deletion
import django.utils.timezone
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0001_initial'),
        ('billing', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=30, unique=True, verbose_name='short name')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('registration_number', models.CharField(max_length=30, verbose_name='registration number (Wki)')),
                ('registered_until', models.DateField(verbose_name='registered until')),
                ('dispute_body', models.CharField(max_length=120, verbose_name='dispute body')),
                ('dispute_body_url', models.URLField(blank=True, verbose_name='website of the dispute body')),
                ('iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(max_length=128, region=None, verbose_name='phone')),
                ('email', models.EmailField(max_length=254, validators=[billing.text.addresses.validate_address], verbose_name='e-mail for complaints')),
                ('checked_on', models.DateField(verbose_name='checked on')),
                ('checked_by', models.CharField(max_length=60, verbose_name='checked by')),
                ('is_active', models.BooleanField(default=True, verbose_name='may get new claims')),
            ],
            options={
                'verbose_name': 'collection agency',
                'verbose_name_plural': 'collection agencies',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='HandOver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='case number')),
                ('status', models.CharField(choices=[('proposed', 'waits for a second person'), ('cancelled', 'not handed over'), ('offered', 'offered to the agency'), ('accepted', 'accepted by the agency'), ('rejected', 'rejected by the agency'), ('active', 'the agency collects'), ('paused', 'paused at the agency'), ('paid', 'paid'), ('returned', 'returned by the agency'), ('recalled', 'recalled')], default='offered', max_length=9, verbose_name='status')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('offered_at', models.DateTimeField(null=True, verbose_name='offered')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered by the agency')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('reason', models.CharField(blank=True, max_length=40, verbose_name='why it ended')),
                ('told', models.JSONField(default=dict, editable=False)),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='debt_collection.agency', verbose_name='collection agency')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handed over by')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.patient', verbose_name='patient')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'hand-over',
                'verbose_name_plural': 'hand-overs',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['status'], name='hand_over_live')],
                'constraints': [models.CheckConstraint(condition=models.Q(('confirmed_by', None), models.Q(('confirmed_by', models.F('asked_by')), _negated=True), _connector='OR'), name='hand_over_second_person_is_another')],
            },
        ),
        migrations.CreateModel(
            name='AgencyIbanChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_by', models.CharField(max_length=60, verbose_name='asked by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('decided_by', models.CharField(blank=True, max_length=60, verbose_name='decided by')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('approved', models.BooleanField(blank=True, null=True, verbose_name='approved')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('counts_since', models.DateTimeField(null=True, verbose_name='counts since')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='iban_changes', to='debt_collection.agency', verbose_name='collection agency')),
            ],
            options={
                'verbose_name': "change of an agency's IBAN",
                'verbose_name_plural': "changes of an agency's IBAN",
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('agency',), name='one_iban_change_waits_per_agency')],
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('principal', billing.money.EuroField(verbose_name='open principal')),
                ('interest', billing.money.EuroField(verbose_name='statutory interest')),
                ('costs', billing.money.EuroField(verbose_name='collection costs')),
                ('costs_room', billing.money.EuroField(verbose_name='room for costs')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('recalled_at', models.DateTimeField(null=True, verbose_name='recalled')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='billing.invoice', verbose_name='invoice')),
                ('hand_over', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='debt_collection.handover', verbose_name='hand-over')),
            ],
            options={
                'verbose_name': 'claim',
                'verbose_name_plural': 'claims',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('hand_over', 'invoice'), name='claim_once_in_a_case'), models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('invoice',), name='claim_in_one_case_at_once')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('kind', models.CharField(choices=[('dossier', 'dossier'), ('standing', 'what is owed now'), ('pause', 'wait'), ('resume', 'go on'), ('plan_request', 'the patient asks to pay in parts'), ('pause_request', 'the patient asks for a pause'), ('recall', 'recall')], max_length=13, verbose_name='kind')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('exported_at', models.DateTimeField(null=True, verbose_name='handed out')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed by the agency')),
                ('hand_over', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='debt_collection.handover', verbose_name='hand-over')),
            ],
            options={
                'verbose_name': 'message to an agency',
                'verbose_name_plural': 'messages to agencies',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('confirmed_at', None)), fields=['hand_over'], name='order_unconfirmed')],
                'constraints': [models.UniqueConstraint(fields=('hand_over', 'number'), name='order_number_in_a_case')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='Reply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=64, verbose_name='id of the agency')),
                ('kind', models.CharField(max_length=16, verbose_name='kind')),
                ('digest', models.CharField(max_length=64)),
                ('read_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='read')),
                ('refused_because', models.CharField(blank=True, max_length=40, verbose_name='refused because')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replies', to='debt_collection.agency', verbose_name='collection agency')),
                ('hand_over', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replies', to='debt_collection.handover', verbose_name='hand-over')),
            ],
            options={
                'verbose_name': 'message from an agency',
                'verbose_name_plural': 'messages from agencies',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('agency', 'message_id'), name='reply_once')],
            },
        ),
    ]
