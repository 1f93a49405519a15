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
            name='Throttle',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('used', models.JSONField(default=list)),
                ('over_at_us', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'throttle',
                'verbose_name_plural': 'throttles',
                'indexes': [models.Index(fields=['over_at_us'], name='throttle_to_delete')],
            },
        ),
        migrations.CreateModel(
            name='SmsDevice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('valid_until', models.DateTimeField(default=django.utils.timezone.now, help_text='The timestamp of the moment of expiry of the saved token.')),
                ('last_generated_timestamp', models.DateTimeField(blank=True, help_text='The last time a token was generated for this device.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('holder', models.CharField(editable=False, max_length=64)),
                ('purpose', models.CharField(editable=False, max_length=16)),
                ('attempts_left', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('rests_on', models.CharField(default='', editable=False, max_length=32)),
                ('token', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'code by SMS',
                'verbose_name_plural': 'codes by SMS',
                'indexes': [models.Index(fields=['valid_until'], name='sms_device_to_delete')],
                'constraints': [models.UniqueConstraint(fields=('invoice', 'holder', 'purpose'), name='one_code_per_browser_and_invoice')],
            },
        ),
    ]
