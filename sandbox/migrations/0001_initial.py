import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Fault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('section', models.CharField(max_length=10, unique=True)),
                ('settings', models.JSONField()),
                ('times_left', models.PositiveIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='IdempotentCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255, unique=True)),
                ('fingerprint', models.CharField(max_length=64)),
                ('started_at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('body', models.JSONField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('mail', 'Mail'), ('sms', 'Sms')], max_length=4)),
                ('sender', models.TextField()),
                ('to', models.TextField()),
                ('subject', models.TextField(blank=True)),
                ('text', models.TextField(blank=True)),
                ('html', models.TextField(blank=True)),
                ('headers', models.JSONField(default=list)),
                ('raw', models.BinaryField(default=b'')),
                ('received_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('booked_on', models.DateField()),
                ('amount_cents', models.BigIntegerField()),
                ('name', models.CharField(max_length=70)),
                ('iban', models.CharField(max_length=34)),
                ('text', models.CharField(blank=True, max_length=140)),
                ('end_to_end', models.CharField(blank=True, max_length=35)),
                ('batch', models.CharField(blank=True, max_length=35)),
                ('return_code', models.CharField(blank=True, max_length=4)),
            ],
        ),
        migrations.CreateModel(
            name='PaymentFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=35, unique=True)),
                ('taken_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Settlement',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=40, unique=True)),
                ('number', models.CharField(max_length=30, unique=True)),
                ('amount_cents', models.BigIntegerField()),
                ('costs_cents', models.BigIntegerField()),
                ('vat_cents', models.BigIntegerField()),
                ('created_at', models.DateTimeField()),
                ('last_payment', models.BigIntegerField()),
                ('status', models.CharField(default='paidout', max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=40, unique=True)),
                ('amount_cents', models.BigIntegerField()),
                ('description', models.CharField(max_length=255)),
                ('redirect_url', models.TextField()),
                ('cancel_url', models.TextField(blank=True)),
                ('webhook_url', models.TextField(blank=True)),
                ('method', models.CharField(blank=True, max_length=40)),
                ('locale', models.CharField(blank=True, max_length=10)),
                ('metadata', models.JSONField(null=True)),
                ('status', models.CharField(choices=[('open', 'Open'), ('pending', 'Pending'), ('paid', 'Paid'), ('canceled', 'Canceled'), ('expired', 'Expired'), ('failed', 'Failed')], default='open', max_length=10)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status', 'open')), fields=['expires_at'], name='sandbox_payment_open')],
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('filename', models.CharField(max_length=255)),
                ('content_type', models.CharField(max_length=100)),
                ('content', models.BinaryField()),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='sandbox.message')),
            ],
        ),
        migrations.CreateModel(
            name='Chargeback',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=40, unique=True)),
                ('amount_cents', models.BigIntegerField()),
                ('created_at', models.DateTimeField()),
                ('reversed_at', models.DateTimeField(null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chargebacks', to='sandbox.payment')),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=40, unique=True)),
                ('amount_cents', models.BigIntegerField()),
                ('description', models.CharField(blank=True, max_length=255)),
                ('metadata', models.JSONField(null=True)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('pending', 'Pending'), ('processing', 'Processing'), ('refunded', 'Refunded'), ('failed', 'Failed'), ('canceled', 'Canceled')], default='pending', max_length=10)),
                ('created_at', models.DateTimeField()),
                ('settles_at', models.DateTimeField()),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refunds', to='sandbox.payment')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['settles_at'], name='sandbox_refund_pending')],
            },
        ),
        migrations.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.TextField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sending', 'Sending'), ('delivered', 'Delivered'), ('given_up', 'Given Up'), ('dropped', 'Dropped')], default='waiting', max_length=10)),
                ('first_due_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('last_outcome', models.CharField(blank=True, max_length=200)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhook_calls', to='sandbox.payment')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'sending'])), fields=['due_at'], name='sandbox_webhook_waiting')],
            },
        ),
    ]
