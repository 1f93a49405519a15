import billing.encryption
import billing.links
import django.db.models.deletion
import django.utils.timezone
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
            name='CallbackSlot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begins', models.DateTimeField(unique=True, verbose_name='from')),
            ],
            options={
                'verbose_name': 'slot for calling back',
                'verbose_name_plural': 'slots for calling back',
                'ordering': ['begins'],
            },
        ),
        migrations.CreateModel(
            name='UnansweredQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('asked_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='asked on')),
                ('language', models.CharField(max_length=2, verbose_name='language')),
                ('sealed_text', models.BinaryField(default=b'')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                ('read_by', models.CharField(blank=True, max_length=60, verbose_name='read by')),
            ],
            options={
                'verbose_name': 'unanswered question',
                'verbose_name_plural': 'unanswered questions',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='FraudWarning',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text_nl', models.CharField(max_length=300, verbose_name='in Dutch')),
                ('text_en', models.CharField(max_length=300, verbose_name='in English')),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='begun')),
                ('begun_by', models.CharField(max_length=150, verbose_name='by')),
                ('until', models.DateField(verbose_name='until')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
            ],
            options={
                'verbose_name': 'fraud warning',
                'verbose_name_plural': 'fraud warnings',
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['begun_at'], name='fraud_warning_shown')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('language', models.CharField(default='nl', max_length=2, verbose_name='language')),
                ('sealed_text', models.BinaryField(default=b'')),
                ('answer_by', models.DateField(blank=True, null=True, verbose_name='answer promised before or on')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('end', models.CharField(blank=True, choices=[('answered', 'answered'), ('read', 'read, no answer was needed'), ('complaint', 'became a complaint')], max_length=9, verbose_name='how')),
                ('sounds_like_complaint', models.BooleanField(default=False, verbose_name='may be a complaint')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages_about_it', to='billing.invoice', verbose_name='invoice')),
                ('staff', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='staff member')),
            ],
            options={
                'verbose_name': 'message about an invoice',
                'verbose_name_plural': 'messages about invoices',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('ended_at', None), ('staff', None)), fields=['answer_by', 'id'], name='helpdesk_message_waits')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('answer_by__isnull', False), ('staff', None)), models.Q(('answer_by', None), ('ended_at', None), ('staff__isnull', False)), _connector='OR'), name='helpdesk_message_of_patient_is_promised'), models.CheckConstraint(condition=models.Q(models.Q(('end', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end', ''), _negated=True)), _connector='OR'), name='helpdesk_message_says_how_it_ended')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='Callback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('language', models.CharField(max_length=8, verbose_name='language')),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('end', models.CharField(blank=True, choices=[('reached', 'reached'), ('not_reached', 'not reached'), ('canceled', 'cancelled by whoever asked')], max_length=11, verbose_name='how')),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='billing.invoice', verbose_name='invoice')),
                ('slot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='helpdesk.callbackslot', verbose_name='slot')),
            ],
            options={
                'verbose_name': 'call-back',
                'verbose_name_plural': 'call-backs',
                'ordering': ['slot__begins', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('end', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end', ''), _negated=True)), _connector='OR'), name='helpdesk_callback_says_how_it_ended')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
    ]
