import billing.encryption
import billing.links
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Forbearance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('breathing_space', 'breathing space'), ('debt_help', 'help with debts'), ('deceased', 'deceased'), ('administration', 'administration by court order (bewind)'), ('guardianship', 'guardianship by court order (curatele)'), ('minor', 'minor: the parents pay'), ('of_parents', 'care of before 18: a debt of the parents'), ('wsnp', 'debt restructuring by court order (WSNP)'), ('moratorium', 'moratorium by court order')], max_length=16, verbose_name='kind')),
                ('since', models.DateField(verbose_name='since')),
                ('until', models.DateField(blank=True, null=True, verbose_name='until')),
                ('extended', models.BooleanField(default=False, verbose_name='extended')),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('reported_by', models.CharField(max_length=60, verbose_name='reported by')),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reported')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('ended_by', models.CharField(blank=True, max_length=60, verbose_name='ended by')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='forbearances', to='billing.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'forbearance',
                'verbose_name_plural': 'forbearances',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['until'], name='forbearance_to_end')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('patient', 'kind'), name='one_active_forbearance_per_kind'), models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('since')), _connector='OR'), name='forbearance_ends_after_it_begins')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='Need',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('more_time', 'more time to pay'), ('paper', 'letters on paper'), ('large_print', 'letters in large print'), ('phone', 'call me, I do not read well'), ('interpreter', 'an interpreter'), ('helper', 'somebody helps me with letters')], max_length=12, verbose_name='what helps')),
                ('since', models.DateField(verbose_name='since')),
                ('until', models.DateField(verbose_name='until')),
                ('noted_by', models.CharField(max_length=60, verbose_name='noted by')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='billing.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'wish',
                'verbose_name_plural': 'wishes',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['until'], name='need_to_end')],
                'constraints': [models.UniqueConstraint(fields=('patient', 'kind'), name='one_need_per_kind')],
            },
        ),
        migrations.CreateModel(
            name='CounsellorLetter',
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
                ('status', models.CharField(choices=[('received', 'received, will be checked'), ('checking', 'being checked'), ('clean', 'checked'), ('refused', 'refused'), ('quarantined', 'waits for the virus scanner'), ('withdrawn', 'taken back'), ('erased', 'was read, and is erased now')], default='received', max_length=12, verbose_name='status')),
                ('reason', models.CharField(blank=True, choices=[('not_a_document', 'This is not a PDF or a photo. Take a screenshot or a photo of it.'), ('damaged', "We can't open this file. Can you? Then take a screenshot or a photo of it."), ('incomplete', 'A part of this picture is missing. Please take it again, and send that one.'), ('password', 'This PDF has a password. Save it without a password, or take a picture of it.'), ('too_complex', 'This file takes too much to open. Take a picture of it, and send that.'), ('too_long', 'This file has more than 100 pages. Send only the pages about this invoice.'), ('not_drawn', 'Not everything in this PDF can be shown to who reads it. Take a screenshot or a photo of it.'), ('bundle', 'This PDF has other files in it. Open those, and send each of them by itself.'), ('virus', 'Our virus scanner refused this file.')], max_length=16, verbose_name='reason')),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='checked')),
                ('pages', models.PositiveSmallIntegerField(default=0, verbose_name='pages')),
                ('forbearance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='forbearance.forbearance', verbose_name='forbearance')),
            ],
            options={
                'verbose_name': 'letter of a debt counsellor',
                'verbose_name_plural': 'letters of debt counsellors',
                'ordering': ['pk'],
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('status', 'received'), ('status', 'checking'), ('status', 'quarantined'), _connector='OR'), fields=['claimed_at'], name='counsellorletter_to_check')],
            },
        ),
    ]
