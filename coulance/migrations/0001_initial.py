import billing.encryption
import billing.integrity.keyed
import billing.links
import billing.money
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from decimal import Decimal
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
            name='CoulanceCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('offered', 'offered'), ('waiting_for_specification', "waiting for the insurer's specification"), ('at_provider', 'with the care provider'), ('adjusted', 'amount lowered'), ('rejected', 'rejected'), ('expired', 'expired'), ('withdrawn', 'withdrawn')], default='offered', max_length=26, verbose_name='status')),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
                ('offered_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='offered')),
                ('specification_due_on', models.DateField(verbose_name='specification expected before or on')),
                ('provider_since', models.DateTimeField(blank=True, null=True, verbose_name='with the care provider since')),
                ('patient_nudged_at', models.DateTimeField(blank=True, null=True, verbose_name='patient reminded')),
                ('provider_nudged_at', models.DateTimeField(blank=True, null=True, verbose_name='care provider reminded')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('reopened', models.PositiveSmallIntegerField(default=0, verbose_name='times opened again')),
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='coulance_case', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'coulance case',
                'verbose_name_plural': 'coulance cases',
                'indexes': [models.Index(condition=models.Q(('status', 'offered'), ('status', 'waiting_for_specification'), _connector='OR'), fields=['specification_due_on', 'id'], name='coulance_waits_for_patient'), models.Index(condition=models.Q(('status', 'at_provider')), fields=['provider_since', 'id'], name='coulance_waits_for_provider')],
            },
        ),
        migrations.CreateModel(
            name='NoteTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('purpose', models.CharField(choices=[('adjust', 'when you lower the amount'), ('ask_more', 'when you ask for more'), ('refuse', 'when you refuse')], default='adjust', max_length=8, verbose_name='when')),
                ('text', models.CharField(max_length=500, verbose_name='text')),
                ('is_default', models.BooleanField(default=False, verbose_name='goes along when nothing else is written')),
                ('in_use', models.BooleanField(default=True, verbose_name='in use')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='coulance_notes', to='billing.provider', verbose_name='care provider')),
            ],
            options={
                'verbose_name': 'text for patients',
                'verbose_name_plural': 'texts for patients',
                'ordering': ['purpose', 'name'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'name'), name='coulance_note_has_a_name_of_its_own'), models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('provider',), name='coulance_one_default_note'), models.CheckConstraint(condition=models.Q(('is_default', False), ('purpose', 'adjust'), _connector='OR'), name='coulance_default_note_lowers')],
            },
        ),
        migrations.CreateModel(
            name='PracticeRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wants_specification', models.BooleanField(default=True, verbose_name='wants the specification of the insurer')),
                ('specification_days', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(7), django.core.validators.MaxValueValidator(120)], verbose_name='days to send the specification')),
                ('rule', models.CharField(choices=[('insurer', 'what the insurer granted'), ('percentage', 'a fixed percentage off'), ('manual', 'decided by hand')], default='insurer', max_length=12, verbose_name='rule for the amount')),
                ('percentage', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='percentage off')),
                ('second_person_above', billing.money.EuroField(blank=True, null=True, verbose_name='a second person decides too above')),
                ('help_text', models.CharField(blank=True, max_length=500, verbose_name='what patients should know')),
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='coulance_rules', to='billing.provider', verbose_name='care provider')),
            ],
            options={
                'verbose_name': 'rules for coulance',
                'verbose_name_plural': 'rules for coulance',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('rule', 'percentage'), _negated=True), models.Q(('percentage__gte', 1), ('percentage__lte', 100)), _connector='OR'), name='coulance_percentage_rule_has_one')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('adjust', 'amount lowered'), ('ask_more', 'more information asked'), ('refuse', 'rejected'), ('correct', 'earlier decision corrected')], max_length=8, verbose_name='kind')),
                ('rule', models.CharField(blank=True, choices=[('insurer', 'what the insurer granted'), ('percentage', 'a fixed percentage off'), ('manual', 'decided by hand')], max_length=12, verbose_name='rule')),
                ('granted', billing.money.EuroField(blank=True, null=True, verbose_name='granted by the insurer')),
                ('deductible', billing.money.EuroField(blank=True, null=True, verbose_name='deductible')),
                ('own_contribution', billing.money.EuroField(blank=True, null=True, verbose_name='own contribution')),
                ('percentage', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='percentage off')),
                ('new_due', billing.money.EuroField(blank=True, null=True, verbose_name='amount to pay')),
                ('reduction', billing.money.EuroField(blank=True, null=True, verbose_name='reduction')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('digest', billing.integrity.keyed.DigestField(default='', editable=False, max_length=68)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='coulance.coulancecase', verbose_name='case')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'decision',
                'verbose_name_plural': 'decisions',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('case', 'number'), name='one_decision_per_number'), models.CheckConstraint(condition=models.Q(('reduction', None), ('reduction__gte', Decimal('0.00')), _connector='OR'), name='decision_reduction_not_negative'), models.CheckConstraint(condition=models.Q(('new_due', None), ('new_due__gte', Decimal('0.00')), _connector='OR'), name='decision_due_not_negative'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('decided_by')), _negated=True), _connector='OR'), name='decision_second_person_is_another')],
            },
        ),
        migrations.CreateModel(
            name='PaperFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('paid_out', billing.money.EuroField(verbose_name='paid out by the insurer')),
                ('deductible', billing.money.EuroField(verbose_name='deductible')),
                ('own_contribution', billing.money.EuroField(blank=True, null=True, verbose_name='own contribution')),
                ('sealed_text', models.BinaryField()),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paper_figures', to='coulance.coulancecase', verbose_name='case')),
            ],
            options={
                'verbose_name': 'figures from paper',
                'verbose_name_plural': 'figures from paper',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('adjust', 'amount lowered'), ('ask_more', 'more information asked'), ('refuse', 'rejected'), ('correct', 'earlier decision corrected')], max_length=8, verbose_name='kind')),
                ('rule', models.CharField(blank=True, choices=[('insurer', 'what the insurer granted'), ('percentage', 'a fixed percentage off'), ('manual', 'decided by hand')], max_length=12, verbose_name='rule')),
                ('granted', billing.money.EuroField(blank=True, null=True, verbose_name='granted by the insurer')),
                ('deductible', billing.money.EuroField(blank=True, null=True, verbose_name='deductible')),
                ('own_contribution', billing.money.EuroField(blank=True, null=True, verbose_name='own contribution')),
                ('percentage', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='percentage off')),
                ('new_due', billing.money.EuroField(blank=True, null=True, verbose_name='amount to pay')),
                ('reduction', billing.money.EuroField(blank=True, null=True, verbose_name='reduction')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('sealed_reason', models.BinaryField()),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='proposal', to='coulance.coulancecase', verbose_name='case')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'proposed decision',
                'verbose_name_plural': 'proposed decisions',
            },
        ),
        migrations.CreateModel(
            name='Specification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_stranger', models.BooleanField(default=False, editable=False)),
                ('browser', models.CharField(blank=True, editable=False, max_length=64)),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('uploaded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='sent')),
                ('kind', models.CharField(choices=[('pdf', 'PDF'), ('jpeg', 'JPEG'), ('png', 'PNG'), ('heic', 'HEIC'), ('webp', 'WebP'), ('avif', 'AVIF'), ('tiff', 'TIFF'), ('gif', 'GIF'), ('bmp', 'BMP')], max_length=4, verbose_name='kind')),
                ('sealed_name', models.BinaryField(default=b'')),
                ('size', models.PositiveIntegerField(verbose_name='size')),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('stored_name', models.CharField(blank=True, editable=False, max_length=120)),
                ('reason', models.CharField(blank=True, choices=[('not_a_document', 'This is not a PDF or a photo. Take a screenshot or a photo of it.'), ('damaged', "We can't open this file. Can you? Then take a screenshot or a photo of it."), ('incomplete', 'A part of this picture is missing. Please take it again, and send that one.'), ('password', 'This PDF has a password. Save it without a password, or take a picture of it.'), ('too_complex', 'This file takes too much to open. Take a picture of it, and send that.'), ('too_long', 'This file has more than 100 pages. Send only the pages about this invoice.'), ('not_drawn', 'Not everything in this PDF can be shown to who reads it. Take a screenshot or a photo of it.'), ('bundle', 'This PDF has other files in it. Open those, and send each of them by itself.'), ('virus', 'Our virus scanner refused this file.')], max_length=16, verbose_name='reason')),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='checked')),
                ('pages', models.PositiveSmallIntegerField(default=0, verbose_name='pages')),
                ('scanned_by', models.CharField(blank=True, max_length=60, verbose_name='scanned by')),
                ('status', models.CharField(choices=[('received', 'received, will be checked'), ('checking', 'being checked'), ('clean', 'checked and sent to the care provider'), ('refused', 'refused'), ('quarantined', 'waits for the virus scanner'), ('withdrawn', 'taken back'), ('erased', 'was with the care provider, and is erased now')], default='received', max_length=12, verbose_name='status')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='specifications', to='coulance.coulancecase', verbose_name='case')),
            ],
            options={
                'verbose_name': 'specification',
                'verbose_name_plural': 'specifications',
                'ordering': ['pk'],
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('status', 'received'), ('status', 'checking'), ('status', 'quarantined'), _connector='OR'), fields=['claimed_at'], name='specification_to_check')],
            },
        ),
        migrations.CreateModel(
            name='CaseMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_stranger', models.BooleanField(default=False, editable=False)),
                ('browser', models.CharField(blank=True, editable=False, max_length=64)),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('author', models.CharField(choices=[('patient', 'patient'), ('provider', 'care provider')], max_length=8, verbose_name='from')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('sealed_text', models.BinaryField()),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='coulance.coulancecase', verbose_name='case')),
                ('decision', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='message', to='coulance.decision', verbose_name='decision')),
            ],
            options={
                'verbose_name': 'message about a case',
                'verbose_name_plural': 'messages about a case',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='SpecificationReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('waiting', 'waits to be read'), ('proposed', 'amounts proposed'), ('abstained', 'nothing proposed')], default='waiting', max_length=9, verbose_name='status')),
                ('version', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('tries', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                ('reasons', models.JSONField(default=list, editable=False)),
                ('paid_out', billing.money.EuroField(blank=True, null=True, verbose_name='paid out by the insurer')),
                ('deductible', billing.money.EuroField(blank=True, null=True, verbose_name='deductible (eigen risico)')),
                ('shown', models.BooleanField(default=False, editable=False)),
                ('decided', models.CharField(blank=True, choices=[('same', 'decided as read'), ('changed', 'decided with other amounts'), ('otherwise', 'decided in another way')], max_length=9, verbose_name='decided')),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('specification', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reading', to='coulance.specification', verbose_name='specification')),
            ],
            options={
                'verbose_name': 'reading of a specification',
                'verbose_name_plural': 'readings of specifications',
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['id'], name='coulance_to_read')],
            },
        ),
    ]
