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
                ('kind', models.CharField(choices=[('breathing_space', 'breathing space'), ('debt_help', 'help with debts'), ('deceased', 'deceased'), ('administration', 'administration by court order (bewind)'), ('minor', 'minor: the parents pay'), ('wsnp', 'debt restructuring by court order (WSNP)'), ('moratorium', 'moratorium by court order')], max_length=16, verbose_name='kind')),
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
    ]
