import billing.encryption
import billing.links
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
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
    ]
