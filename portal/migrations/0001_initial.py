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
            name='EventMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=10, unique=True)),
                ('seen', models.BigIntegerField(default=0)),
                ('settled', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='ApiEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('kind', models.CharField(max_length=40, verbose_name='what happened')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('audit_event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.auditevent')),
                ('invoice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.invoice')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.provider')),
                ('transaction', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.ledgertransaction')),
            ],
            options={
                'verbose_name': 'event for programs',
                'verbose_name_plural': 'events for programs',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['provider', 'id'], name='api_event_by_provider')],
                'constraints': [models.UniqueConstraint(fields=('transaction', 'invoice'), name='api_event_once_per_booking'), models.UniqueConstraint(condition=models.Q(('invoice', None)), fields=('transaction',), name='api_event_once_per_transfer'), models.UniqueConstraint(fields=('audit_event',), name='api_event_once_per_act')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, verbose_name='program')),
                ('public_id', models.CharField(editable=False, max_length=12, unique=True, verbose_name='key')),
                ('secret_hash', models.BinaryField(max_length=32)),
                ('scopes', models.JSONField(default=list, verbose_name='may')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('created_by', models.CharField(max_length=60, verbose_name='made by')),
                ('expires_at', models.DateTimeField(verbose_name='valid until')),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last used')),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='revoked')),
                ('revoked_by', models.CharField(blank=True, editable=False, max_length=60, verbose_name='revoked by')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'key of a program',
                'verbose_name_plural': 'keys of programs',
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('url', models.CharField(max_length=300, verbose_name='address')),
                ('sealed_text', models.BinaryField()),
                ('rotated_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('created_by', models.CharField(max_length=60, verbose_name='made by')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='failing since')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='stopped')),
                ('removed_at', models.DateTimeField(blank=True, null=True, verbose_name='removed')),
                ('turn_began_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('turn_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='ApiAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('request_hash', models.BinaryField(max_length=32)),
                ('outcome', models.JSONField()),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.provider')),
            ],
            options={
                'verbose_name': 'answer to a program',
                'verbose_name_plural': 'answers to programs',
                'constraints': [models.UniqueConstraint(fields=('provider', 'key'), name='api_answer_once_per_key')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(default=billing.links.new_token, editable=False, max_length=40)),
                ('status', models.CharField(choices=[('waiting', 'on its way'), ('delivered', 'delivered'), ('failed', 'given up')], default='waiting', max_length=9, verbose_name='status')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next try')),
                ('answered', models.PositiveSmallIntegerField(null=True, verbose_name='answer')),
                ('error', models.CharField(blank=True, max_length=60, verbose_name='why')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.apievent')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='portal.webhookendpoint', verbose_name='webhook')),
            ],
            options={
                'verbose_name': 'delivery to a webhook',
                'verbose_name_plural': 'deliveries to webhooks',
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['endpoint', 'event'], name='webhook_delivery_due')],
            },
        ),
    ]
