import billing.encryption
import billing.integrity.keyed
import billing.links
import billing.models.payments.refunds
import billing.money
import billing.rooms
import billing.text.addresses
import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import phonenumber_field.modelfields
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessChain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('length', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(default='', max_length=68)),
                ('pruned_through', models.PositiveBigIntegerField(default=0)),
                ('pruned_digest', models.CharField(default='', max_length=68)),
            ],
            options={
                'verbose_name': 'end of the access log',
                'verbose_name_plural': 'ends of the access log',
            },
        ),
        migrations.CreateModel(
            name='BounceIntake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'intake of bounces',
                'verbose_name_plural': 'intakes of bounces',
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40, verbose_name='invoice number')),
                ('payment_reference', models.CharField(max_length=16, unique=True, verbose_name='payment reference')),
                ('token', models.CharField(editable=False, max_length=32, unique=True)),
                ('issued_on', models.DateField(verbose_name='invoice date')),
                ('due_on', models.DateField(verbose_name='pay before or on')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
                ('withdrawn_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='withdrawn')),
                ('settled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='settled')),
                ('next_step', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='next step')),
                ('next_step_on', models.DateField(blank=True, editable=False, null=True, verbose_name='next step on')),
                ('erased_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='personal data erased')),
                ('fingerprint', models.BinaryField(max_length=32)),
                ('links_ended_on', models.DateField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'invoice',
                'verbose_name_plural': 'invoices',
            },
        ),
        migrations.CreateModel(
            name='Comparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=20, unique=True)),
                ('position', models.CharField(blank=True, max_length=70)),
                ('since', models.DateTimeField(blank=True, null=True)),
                ('began_at', models.DateTimeField(blank=True, null=True)),
                ('complete_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DayClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_run_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': "clock of the day's work",
                'verbose_name_plural': "clocks of the day's work",
            },
        ),
        migrations.CreateModel(
            name='LastRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=60, unique=True)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40, verbose_name='patient number')),
                ('initials', models.CharField(blank=True, max_length=20, verbose_name='initials')),
                ('infix', models.CharField(blank=True, max_length=20, verbose_name='infix')),
                ('surname', models.CharField(max_length=80, verbose_name='surname')),
                ('email', models.EmailField(blank=True, max_length=254, validators=[billing.text.addresses.validate_address], verbose_name='e-mail')),
                ('mobile', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='mobile number')),
                ('language', models.CharField(choices=[('nl', 'Nederlands'), ('en', 'English')], default='nl', max_length=2, verbose_name='language')),
                ('street', models.CharField(blank=True, max_length=80, verbose_name='street')),
                ('house_number', models.CharField(blank=True, max_length=10, verbose_name='house number')),
                ('postcode', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=60, verbose_name='city')),
                ('country', models.CharField(default='NL', max_length=2, verbose_name='country')),
                ('sealed_identity', models.BinaryField()),
                ('mobile_changed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='mobile number changed')),
                ('identity_settled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='identity corrected')),
            ],
            options={
                'verbose_name': 'patient',
                'verbose_name_plural': 'patients',
            },
        ),
        migrations.CreateModel(
            name='Provider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('agb_code', models.CharField(max_length=8, unique=True, verbose_name='AGB code')),
                ('email', models.EmailField(blank=True, max_length=254, validators=[billing.text.addresses.validate_address], verbose_name='e-mail')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='phone')),
                ('website', models.URLField(blank=True, verbose_name='website')),
                ('street', models.CharField(blank=True, max_length=80, verbose_name='street')),
                ('house_number', models.CharField(blank=True, max_length=10, verbose_name='house number')),
                ('postcode', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=60, verbose_name='city')),
                ('iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN')),
                ('kvk_number', models.CharField(blank=True, max_length=8, verbose_name='KvK number')),
                ('phone_hours', models.CharField(blank=True, max_length=60, verbose_name='hours on the phone')),
                ('term_agreed_in', models.CharField(blank=True, max_length=120, verbose_name='term of payment agreed in')),
                ('dispute_body', models.CharField(blank=True, max_length=120, verbose_name='dispute body')),
                ('dispute_body_url', models.URLField(blank=True, verbose_name='website of the dispute body')),
                ('dispute_body_fee', models.CharField(blank=True, max_length=60, verbose_name='fee of the dispute body')),
                ('vat_on_costs', models.BooleanField(default=False, verbose_name='VAT on collection costs')),
                ('transfers_to', models.CharField(choices=[('operator', 'our account, when there is one'), ('practice', 'the account of the practice')], default='operator', max_length=8, verbose_name='bank transfers go to')),
                ('receipts_confirmed_above', billing.money.EuroField(blank=True, null=True, verbose_name='second person for payments above')),
                ('creditor', models.CharField(choices=[('practice', 'the practice'), ('operator', 'the operator, by assignment')], default='practice', max_length=8, verbose_name='creditor')),
                ('refund_automatically_up_to', billing.money.EuroField(blank=True, null=True, verbose_name='refunds without approval up to')),
                ('refund_second_person_above', billing.money.EuroField(blank=True, null=True, verbose_name='refunds by two people above')),
            ],
            options={
                'verbose_name': 'provider',
                'verbose_name_plural': 'providers',
            },
        ),
        migrations.CreateModel(
            name='CareDetail',
            fields=[
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='care_detail', serialize=False, to='billing.invoice')),
                ('sealed_lines', models.BinaryField()),
                ('sealed_person', models.BinaryField()),
            ],
            options={
                'verbose_name': 'care detail',
                'verbose_name_plural': 'care details',
            },
        ),
        migrations.CreateModel(
            name='DayFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('name', models.CharField(choices=[('money_in', 'money in'), ('not_due', 'not due yet'), ('due_30', '1 to 30 days late'), ('due_90', '31 to 90 days late'), ('due_older', 'more than 90 days late'), ('sent', 'messages sent'), ('stuck', 'messages failed or in doubt')], max_length=10, verbose_name='figure')),
                ('value', models.BigIntegerField(verbose_name='value')),
            ],
            options={
                'verbose_name': 'figure of a day',
                'verbose_name_plural': 'figures of days',
                'constraints': [models.UniqueConstraint(fields=('day', 'name'), name='one_figure_per_day_and_name')],
            },
        ),
        migrations.CreateModel(
            name='FailedTry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=40)),
                ('row', models.BigIntegerField(default=0)),
                ('tries', models.PositiveIntegerField(default=1)),
                ('error', models.CharField(max_length=60)),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('rule', 'row'), name='one_failure_per_rule_and_row')],
            },
        ),
        migrations.CreateModel(
            name='LedgerTransaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invoiced', 'invoiced'), ('insurer_paid', 'paid by the insurer'), ('payment', 'payment received'), ('receipt', 'received in another way'), ('refund', 'refund paid out'), ('chargeback', 'payment reversed by the bank'), ('repaid', 'credit paid back in another way'), ('credit_moved', 'credit moved to another invoice'), ('reduction', 'amount lowered'), ('credited', 'credit note'), ('costs', 'collection costs'), ('interest', 'statutory interest'), ('allocation', 'payments allocated anew'), ('unmatched', 'received, not matched yet'), ('sent_back', 'sent back to where it came from'), ('settlement', 'paid out by Mollie'), ('bank_other', 'costs, interest and own transfers at the bank'), ('debited', 'order executed by the bank'), ('fee', 'fee of the operator'), ('charges', 'costs and interest left to the operator'), ('payout', 'paid to the practice')], max_length=12, verbose_name='kind')),
                ('external_id', models.CharField(max_length=80, verbose_name='external id')),
                ('occurred_at', models.DateTimeField(verbose_name='happened')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='booked')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('digest', billing.integrity.keyed.DigestField(default='', editable=False, max_length=68)),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='billing.ledgertransaction', verbose_name='reverses')),
            ],
            options={
                'verbose_name': 'ledger transaction',
                'verbose_name_plural': 'ledger transactions',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AllocationNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(choices=[('only', 'nothing else was open'), ('designated', 'the payer chose this invoice'), ('due', 'what is due goes before what is not'), ('onerous', 'the debt with costs or interest goes first'), ('oldest', 'the oldest goes first'), ('pro_rata', 'in proportion, because the debts were alike')], max_length=10, verbose_name='rule')),
                ('sealed_text', models.BinaryField(default=b'')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocation_notes', to='billing.invoice', verbose_name='invoice')),
                ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocation_notes', to='billing.ledgertransaction', verbose_name='transaction')),
            ],
            options={
                'verbose_name': 'rule of a booking',
                'verbose_name_plural': 'rules of bookings',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='Objection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('not_mine', 'This invoice is not for me'), ('paid', 'I have paid already'), ('amount', 'The amount is not right'), ('no_care', 'I did not have this care'), ('insurer', 'My insurer should pay this, or pay more'), ('other', 'Something else')], max_length=12, verbose_name='reason')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_text', models.BinaryField(default=b'')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='objections', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'objection',
                'verbose_name_plural': 'objections',
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='OutboxMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('language', models.CharField(max_length=2, verbose_name='language')),
                ('recipient', models.EmailField(max_length=254, verbose_name='recipient')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('text', models.TextField(verbose_name='text')),
                ('html', models.TextField(verbose_name='HTML')),
                ('calendar', models.TextField(blank=True, verbose_name='calendar file')),
                ('dedupe_key', models.CharField(max_length=120, unique=True)),
                ('message_id', models.CharField(blank=True, max_length=120)),
                ('status', models.CharField(choices=[('queued', 'waiting'), ('sending', 'being sent'), ('sent', 'sent'), ('failed', 'failed'), ('in_doubt', 'in doubt'), ('canceled', 'withdrawn')], default='queued', max_length=10, verbose_name='status')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='queued')),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next try')),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('bounced_at', models.DateTimeField(blank=True, null=True, verbose_name='came back')),
                ('erased_at', models.DateTimeField(blank=True, null=True, verbose_name='text erased')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='last error')),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
            },
        ),
        migrations.CreateModel(
            name='Payer',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='payer', serialize=False, to='billing.patient', verbose_name='patient')),
                ('relation', models.CharField(choices=[('parent', 'parent'), ('guardian', 'guardian'), ('administrator', 'administrator (bewindvoerder)'), ('other', 'somebody else')], max_length=16, verbose_name='relation')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, validators=[billing.text.addresses.validate_address], verbose_name='e-mail')),
                ('language', models.CharField(choices=[('nl', 'Nederlands'), ('en', 'English')], default='nl', max_length=2, verbose_name='language')),
                ('street', models.CharField(blank=True, max_length=80, verbose_name='street')),
                ('house_number', models.CharField(blank=True, max_length=10, verbose_name='house number')),
                ('postcode', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=60, verbose_name='city')),
                ('country', models.CharField(default='NL', max_length=2, verbose_name='country')),
            ],
            options={
                'verbose_name': 'payer',
                'verbose_name_plural': 'payers',
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField(verbose_name='step')),
                ('made_on', models.DateField(verbose_name='made')),
                ('principal', billing.money.EuroField(verbose_name='open principal')),
                ('costs_announced', billing.money.EuroField(blank=True, null=True, verbose_name='costs announced')),
                ('interest_until', models.DateField(blank=True, null=True, verbose_name='interest computed until')),
                ('sent_on', models.DateField(blank=True, null=True, verbose_name='sent')),
                ('delivered_on', models.DateField(blank=True, null=True, verbose_name='counts as delivered')),
                ('last_day', models.DateField(blank=True, null=True, verbose_name='last day of its term')),
                ('book_costs_on', models.DateField(blank=True, null=True, verbose_name='costs may be booked from')),
                ('costs_booked_at', models.DateTimeField(blank=True, null=True, verbose_name='costs booked')),
                ('costs_base', billing.money.EuroField(blank=True, null=True, verbose_name='principal that costs were booked over')),
                ('voided_at', models.DateTimeField(blank=True, null=True, verbose_name='void')),
                ('void_reason', models.CharField(blank=True, max_length=40, verbose_name='why void')),
                ('message', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='letter', to='billing.outboxmessage', verbose_name='message')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='billing.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'letter',
                'verbose_name_plural': 'letters',
            },
        ),
        migrations.AddField(
            model_name='invoice',
            name='patient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.patient', verbose_name='patient'),
        ),
        migrations.CreateModel(
            name='BirthDateChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_by', models.CharField(max_length=60, verbose_name='asked by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('decided_by', models.CharField(blank=True, max_length=60, verbose_name='decided by')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('approved', models.BooleanField(blank=True, null=True, verbose_name='approved')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_text', models.BinaryField(default=b'')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='birth_date_changes', to='billing.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'correction of a date of birth',
                'verbose_name_plural': 'corrections of a date of birth',
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='AccessEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveBigIntegerField(editable=False, unique=True)),
                ('event_id', models.UUIDField(default=uuid.uuid4, unique=True, verbose_name='event id')),
                ('act', models.CharField(choices=[('read', 'looked at'), ('search', 'searched'), ('print', 'printed'), ('export', 'exported'), ('download', 'downloaded')], max_length=10, verbose_name='what happened')),
                ('action_code', models.CharField(default='R', max_length=1, verbose_name='action code')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('outcome', models.PositiveSmallIntegerField(choices=[(0, 'shown'), (4, 'refused'), (8, 'failed')], default=0, verbose_name='outcome')),
                ('who', models.CharField(max_length=60, verbose_name='who')),
                ('role', models.CharField(choices=[('patient', 'you, with a code by SMS'), ('clerk', 'an employee of your care provider'), ('approver', 'an employee of your care provider who decides'), ('operations', 'an employee of Zorgrekening'), ('system', 'our computer, without a person')], max_length=12, verbose_name='role')),
                ('organisation', models.CharField(max_length=20, verbose_name='organisation')),
                ('purpose', models.CharField(default='HPAYMT', max_length=20, verbose_name='purpose')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='network address')),
                ('grounds', models.CharField(max_length=40, verbose_name='grounds')),
                ('data', models.CharField(max_length=40, verbose_name='data')),
                ('source', models.CharField(default='zorgrekening/portal', max_length=40, verbose_name='source')),
                ('request_id', models.CharField(blank=True, max_length=64, verbose_name='request')),
                ('digest', models.CharField(editable=False, max_length=68)),
                ('invoice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='access_events', to='billing.invoice', verbose_name='invoice')),
                ('patient', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='access_events', to='billing.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'access event',
                'verbose_name_plural': 'access events',
                'ordering': ['sequence'],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('status', models.CharField(choices=[('new', 'prepared'), ('creating', 'being created'), ('create_unknown', 'creation unknown'), ('open', 'waiting for the patient'), ('pending', 'waiting for the bank'), ('authorized', 'reserved at the bank, not paid yet'), ('paid', 'paid'), ('failed', 'failed'), ('canceled', 'cancelled'), ('expired', 'expired'), ('rejected', 'refused by the gateway'), ('abandoned', 'never created')], default='new', max_length=16, verbose_name='status')),
                ('token', models.CharField(editable=False, max_length=32, unique=True)),
                ('webhook_token', models.CharField(editable=False, max_length=32, unique=True)),
                ('mollie_id', models.CharField(blank=True, max_length=70, null=True, unique=True, verbose_name='Mollie id')),
                ('idempotency_key', models.CharField(editable=False, max_length=36, unique=True)),
                ('request_body', models.TextField(editable=False)),
                ('profile_id', models.CharField(blank=True, editable=False, max_length=40)),
                ('language', models.CharField(default='nl', max_length=2, verbose_name='language')),
                ('checkout_url', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('called_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='link valid until')),
                ('went_to_bank_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('paid_at', models.DateTimeField(blank=True, null=True, verbose_name='paid')),
                ('superseded_at', models.DateTimeField(blank=True, null=True, verbose_name='replaced')),
                ('quarantined_at', models.DateTimeField(blank=True, null=True, verbose_name='quarantined')),
                ('fetched_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('next_check_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('checks', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'payment',
                'verbose_name_plural': 'payments',
            },
        ),
        migrations.CreateModel(
            name='Chargeback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chargeback_id', models.CharField(max_length=70, unique=True, verbose_name='Mollie id')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first reported')),
                ('reversed_at', models.DateTimeField(blank=True, null=True, verbose_name='given back')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chargebacks', to='billing.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'chargeback',
                'verbose_name_plural': 'chargebacks',
            },
        ),
        migrations.CreateModel(
            name='PaymentPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('deferral', 'deferral'), ('installments', 'payment plan')], max_length=12, verbose_name='kind')),
                ('status', models.CharField(choices=[('active', 'running'), ('completed', 'paid in full'), ('broken', 'ended without being paid'), ('canceled', 'replaced or withdrawn'), ('undone', 'undone on the day it was made')], default='active', max_length=9, verbose_name='status')),
                ('total', billing.money.EuroField(verbose_name='total')),
                ('agreed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='agreed')),
                ('agreed_by', models.CharField(max_length=60, verbose_name='agreed by')),
                ('due_before', models.DateField(blank=True, null=True, verbose_name='last day to pay before it')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'payment plan',
                'verbose_name_plural': 'payment plans',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Installment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('due_on', models.DateField(verbose_name='pay before or on')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('announced_on', models.DateField(blank=True, null=True, verbose_name='announced')),
                ('missed_on', models.DateField(blank=True, null=True, verbose_name='missed')),
                ('grace_until', models.DateField(blank=True, null=True, verbose_name='can still be paid until')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='installments', to='billing.paymentplan', verbose_name='plan')),
            ],
            options={
                'verbose_name': 'installment',
                'verbose_name_plural': 'installments',
                'ordering': ['plan', 'number'],
            },
        ),
        migrations.CreateModel(
            name='PaymentShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payment_shares', to='billing.invoice', verbose_name='invoice')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='billing.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'share of a payment',
                'verbose_name_plural': 'shares of payments',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(choices=[('principal', 'principal'), ('interest', 'statutory interest'), ('costs', 'collection costs'), ('credit', 'credit of the payer'), ('claims', 'claims not yet paid'), ('practice', 'account of the practice'), ('gateway', 'money at Mollie'), ('bank', 'money at our bank'), ('unmatched', 'received, not matched yet'), ('under_way', 'ordered at the bank'), ('fees', 'fees of the operator'), ('vat', 'VAT on fees'), ('charges', 'costs and interest of the operator')], max_length=12, verbose_name='account')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('digest', billing.integrity.keyed.DigestField(default='', editable=False, max_length=68)),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='billing.invoice', verbose_name='invoice')),
                ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='billing.ledgertransaction', verbose_name='transaction')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'posting',
                'verbose_name_plural': 'postings',
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='patient',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='patients', to='billing.provider', verbose_name='provider'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.provider', verbose_name='provider'),
        ),
        migrations.CreateModel(
            name='IbanChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_by', models.CharField(max_length=60, verbose_name='asked by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('decided_by', models.CharField(blank=True, max_length=60, verbose_name='decided by')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('approved', models.BooleanField(blank=True, null=True, verbose_name='approved')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='iban_changes', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'change of IBAN',
                'verbose_name_plural': 'changes of IBAN',
            },
        ),
        migrations.CreateModel(
            name='CreditNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40, verbose_name='number of the credit note')),
                ('issued_on', models.DateField(verbose_name='date of the credit note')),
                ('is_whole', models.BooleanField(verbose_name='takes back the whole invoice')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('sealed_content', models.BinaryField()),
                ('fingerprint', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.invoice', verbose_name='invoice')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'credit note',
                'verbose_name_plural': 'credit notes',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Staff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('role', models.CharField(choices=[('clerk', 'provider clerk'), ('approver', 'provider approver'), ('operations', 'operations')], default='clerk', max_length=12, verbose_name='role')),
                ('email', models.EmailField(blank=True, max_length=254, validators=[billing.text.addresses.validate_address], verbose_name='e-mail')),
                ('password_given', models.BooleanField(default=False, editable=False, verbose_name='has a password that somebody else made')),
                ('session_salt', models.CharField(default=billing.links.new_token, editable=False, max_length=32)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='staff', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'staff member',
                'verbose_name_plural': 'staff members',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Reallocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('proposed', 'waits for a second person'), ('booked', 'booked'), ('refused', 'refused')], default='proposed', max_length=8, verbose_name='status')),
                ('key', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('booking', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reallocations', to='billing.ledgertransaction', verbose_name='booking')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
            ],
            options={
                'verbose_name': 'new allocation',
                'verbose_name_plural': 'new allocations',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ReallocationShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reallocation_shares', to='billing.invoice', verbose_name='invoice')),
                ('reallocation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='billing.reallocation', verbose_name='new allocation')),
            ],
            options={
                'verbose_name': 'share of a new allocation',
                'verbose_name_plural': 'shares of new allocations',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('received_on', models.DateField(verbose_name='received on')),
                ('road', models.CharField(choices=[('transfer', 'bank transfer to the practice'), ('cash', 'cash at the practice'), ('card', 'card at the practice')], max_length=8, verbose_name='how it came')),
                ('status', models.CharField(choices=[('proposed', 'waits for a second person'), ('booked', 'booked'), ('refused', 'refused'), ('undone', 'undone')], default='proposed', max_length=8, verbose_name='status')),
                ('sealed_words', models.BinaryField()),
                ('key', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reported')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='billing.invoice', verbose_name='invoice')),
                ('reported_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reported by')),
            ],
            options={
                'verbose_name': 'receipt',
                'verbose_name_plural': 'receipts',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('refund_id', models.CharField(max_length=70, unique=True, verbose_name='Mollie id')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('status', models.CharField(choices=[('queued', 'queued'), ('pending', 'pending'), ('processing', 'processing'), ('refunded', 'refunded'), ('failed', 'failed'), ('canceled', 'cancelled')], max_length=12, verbose_name='status')),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first reported')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='billing.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'refund',
                'verbose_name_plural': 'refunds',
            },
        ),
        migrations.CreateModel(
            name='RefundRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('status', models.CharField(choices=[('asked', 'waits for a member of staff'), ('approved', 'will be sent to the gateway'), ('sending', 'being sent to the gateway'), ('unknown', 'unknown whether the gateway received it'), ('sent', 'on its way'), ('paid_out', 'paid out'), ('failed', 'failed'), ('by_bank', 'to be paid by bank transfer'), ('withdrawn', 'withdrawn, because the credit changed'), ('refused', 'refused')], default='asked', max_length=10, verbose_name='status')),
                ('why', models.CharField(blank=True, choices=[('', 'nothing special'), ('not_by_gateway', 'the money did not come through Mollie'), ('too_old', 'the payment is too old to be refunded by Mollie'), ('charged_back', 'the bank reversed the payment'), ('spent', 'too little of the payment is left to refund'), ('failed_before', 'a refund to this account failed'), ('gateway_refused', 'Mollie refused the refund'), ('reported_failed', 'Mollie could not pay it out, the account may be closed'), ('canceled', 'cancelled at Mollie'), ('not_paid_by_bank', 'our bank could not pay it, or it came back')], max_length=16, verbose_name='why')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('idempotency_key', models.CharField(default=billing.models.payments.refunds._new_key, editable=False, max_length=36, unique=True)),
                ('request_body', models.TextField(blank=True, editable=False)),
                ('order_event', models.CharField(blank=True, editable=False, max_length=80)),
                ('asked_by', models.CharField(max_length=60, verbose_name='asked by')),
                ('first_by', models.CharField(blank=True, max_length=60, verbose_name='first approval by')),
                ('approved_by', models.CharField(blank=True, max_length=60, verbose_name='approved by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='approved')),
                ('called_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('next_check_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('checks', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_requests', to='billing.invoice', verbose_name='invoice')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refund_requests', to='billing.payment', verbose_name='payment')),
                ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='request', to='billing.refund', verbose_name='refund')),
            ],
            options={
                'verbose_name': 'refund of credit',
                'verbose_name_plural': 'refunds of credit',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ReminderStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField(choices=[(0, 'invoice announced'), (1, 'friendly note'), (2, 'reminder'), (3, '14-day letter'), (4, 'notice of collection costs'), (5, 'last letter'), (6, 'ready for hand-over')], verbose_name='step')),
                ('due_on', models.DateField(verbose_name='for the due date')),
                ('planned_on', models.DateField(verbose_name='planned')),
                ('status', models.CharField(choices=[('planned', 'planned'), ('composed', 'letter made'), ('taken', 'taken'), ('dropped', 'dropped'), ('void', 'void')], default='planned', max_length=8, verbose_name='status')),
                ('amount', billing.money.EuroField(blank=True, null=True, verbose_name='amount')),
                ('principal', billing.money.EuroField(blank=True, null=True, verbose_name='open principal')),
                ('reason', models.CharField(blank=True, max_length=40, verbose_name='why')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('next_try_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminder_steps', to='billing.invoice', verbose_name='invoice')),
                ('letter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='billing.letter', verbose_name='letter')),
            ],
            options={
                'verbose_name': 'step',
                'verbose_name_plural': 'steps',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='StaffNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('sealed_text', models.BinaryField()),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='staff_notes', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'note of staff',
                'verbose_name_plural': 'notes of staff',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='StaffTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=billing.rooms.staff_task_choices, max_length=24, verbose_name='kind')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('dedupe_key', models.CharField(max_length=120, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by')),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='staff_tasks', to='billing.invoice', verbose_name='invoice')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='staff_tasks', to='billing.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'staff task',
                'verbose_name_plural': 'staff tasks',
            },
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(editable=False, max_length=120, unique=True)),
                ('state', models.CharField(choices=[('writing', 'being written'), ('kept', 'kept'), ('removing', 'to be removed')], default='writing', max_length=8, verbose_name='state')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'stored file',
                'verbose_name_plural': 'stored files',
                'indexes': [models.Index(condition=models.Q(('state', 'writing'), ('state', 'removing'), _connector='OR'), fields=['next_try_at'], name='stored_file_to_remove')],
            },
        ),
        migrations.CreateModel(
            name='SubmittedBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('invoices', models.PositiveIntegerField(verbose_name='invoices in the file')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='invoices written or known')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='written')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'batch',
                'verbose_name_plural': 'batches',
            },
        ),
        migrations.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mollie_id', models.CharField(max_length=70, verbose_name='Mollie id')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhook_calls', to='billing.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'webhook call',
                'verbose_name_plural': 'webhook calls',
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=60, verbose_name='action')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('event_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('digest', billing.integrity.keyed.DigestField(default='', editable=False, max_length=68)),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('action', 'code_sent'), ('action', 'code_right'), _connector='OR'), fields=['at'], name='audit_event_of_codes')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=billing.rooms.hold_reason_choices, max_length=24, verbose_name='reason')),
                ('placed_by', models.CharField(max_length=60, verbose_name='placed by')),
                ('placed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='placed')),
                ('until', models.DateField(blank=True, null=True, verbose_name='until')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='released')),
                ('released_by', models.CharField(blank=True, max_length=60, verbose_name='released by')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'hold',
                'verbose_name_plural': 'holds',
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('invoice', 'reason'), name='one_active_hold_per_reason')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=2, verbose_name='language')),
                ('version', models.CharField(editable=False, max_length=64)),
                ('name', models.CharField(editable=False, max_length=120)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
                'constraints': [models.UniqueConstraint(fields=('invoice', 'language', 'version'), name='one_document_per_version')],
            },
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.UniqueConstraint(fields=('kind', 'external_id'), name='ledger_one_transaction_per_event'),
        ),
        migrations.AddConstraint(
            model_name='allocationnote',
            constraint=models.UniqueConstraint(fields=('transaction', 'invoice'), name='allocation_note_once_per_booking'),
        ),
        migrations.AddConstraint(
            model_name='objection',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('invoice',), name='one_standing_objection_per_invoice'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'queued')), fields=['next_try_at'], name='outbox_queued'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'sending')), fields=['claimed_at'], name='outbox_sending'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'failed')), fields=['created_at'], name='outbox_failed'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'in_doubt')), fields=['created_at'], name='outbox_in_doubt'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('erased_at', None), ('status', 'sent')), fields=['sent_at'], name='outbox_to_erase'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('erased_at', None), ('status', 'canceled')), fields=['created_at'], name='outbox_canceled_to_erase'),
        ),
        migrations.AddIndex(
            model_name='payer',
            index=models.Index(django.db.models.functions.text.Lower('email'), name='payer_by_mailbox'),
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(condition=models.Q(('sent_on', None), ('voided_at', None)), fields=['id'], name='letter_under_way'),
        ),
        migrations.AddConstraint(
            model_name='letter',
            constraint=models.UniqueConstraint(condition=models.Q(('step__gt', 0), ('voided_at', None)), fields=('patient', 'step', 'made_on'), name='one_letter_per_patient_step_day'),
        ),
        migrations.AddConstraint(
            model_name='birthdatechange',
            constraint=models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('patient',), name='one_birth_date_change_waits_per_patient'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='payment_to_check'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['created_at'], name='payment_by_start'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('paid_at__isnull', False)), fields=['paid_at'], name='payment_by_day'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['new', 'creating', 'create_unknown', 'open', 'pending', 'authorized']), ('superseded_at', None)), fields=('invoice',), name='one_live_payment_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='payment_amount_positive'),
        ),
        migrations.AddIndex(
            model_name='paymentplan',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['id'], name='plan_active'),
        ),
        migrations.AddConstraint(
            model_name='paymentplan',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('invoice',), name='one_active_plan_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='paymentplan',
            constraint=models.CheckConstraint(condition=models.Q(('total__gt', Decimal('0.00'))), name='plan_total_positive'),
        ),
        migrations.AddConstraint(
            model_name='installment',
            constraint=models.UniqueConstraint(fields=('plan', 'number'), name='one_installment_per_number'),
        ),
        migrations.AddConstraint(
            model_name='installment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='installment_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='paymentshare',
            constraint=models.UniqueConstraint(fields=('payment', 'invoice'), name='payment_one_share_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='paymentshare',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='payment_share_positive'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(fields=['account'], name='posting_by_account'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('amount', Decimal('0.00')), _negated=True), name='posting_is_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.UniqueConstraint(fields=('transaction', 'invoice', 'account'), name='posting_one_sum_per_account'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account__in', ('principal', 'interest', 'costs', 'credit', 'claims')), ('invoice__isnull', False), ('provider__isnull', False)), models.Q(('account', 'practice'), ('provider__isnull', False)), models.Q(models.Q(('account__in', ('principal', 'interest', 'costs', 'credit', 'claims', 'practice')), _negated=True), ('provider', None)), _connector='OR'), name='posting_names_whose_it_is'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(django.db.models.functions.text.Lower('email'), models.F('provider'), name='patient_by_mailbox'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.UniqueConstraint(fields=('provider', 'number'), name='patient_number_per_provider'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('settled_at', None), ('withdrawn_at', None)), fields=['due_on'], name='invoice_open_by_due_date'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('next_step_on__isnull', False), ('settled_at', None), ('withdrawn_at', None)), fields=['next_step_on', 'id'], name='invoice_by_next_step'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('erased_at', None), ('settled_at__isnull', False)), fields=['settled_at'], name='invoice_to_erase'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('provider', 'number'), name='invoice_number_per_provider'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('due_on__gte', models.F('issued_on'))), name='invoice_due_after_issue'),
        ),
        migrations.AddConstraint(
            model_name='ibanchange',
            constraint=models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('provider',), name='one_iban_change_waits_per_provider'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.UniqueConstraint(fields=('provider', 'number'), name='credit_note_number_per_provider'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', Decimal('0.00'))), name='credit_note_amount_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='staff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('provider__isnull', True), ('role', 'operations')), models.Q(models.Q(('role', 'operations'), _negated=True), ('provider__isnull', False)), _connector='OR'), name='staff_operations_or_of_a_provider'),
        ),
        migrations.AddConstraint(
            model_name='reallocation',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'proposed')), fields=('booking',), name='one_reallocation_waits_per_booking'),
        ),
        migrations.AddConstraint(
            model_name='reallocation',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by', None), models.Q(('confirmed_by', models.F('asked_by')), _negated=True), _connector='OR'), name='reallocation_second_person_is_another'),
        ),
        migrations.AddConstraint(
            model_name='reallocationshare',
            constraint=models.UniqueConstraint(fields=('reallocation', 'invoice'), name='reallocation_one_share_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='reallocationshare',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='reallocation_share_positive'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='receipt_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by', None), models.Q(('confirmed_by', models.F('reported_by')), _negated=True), _connector='OR'), name='receipt_second_person_is_another'),
        ),
        migrations.AddIndex(
            model_name='refundrequest',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='refund_request_to_check'),
        ),
        migrations.AddConstraint(
            model_name='refundrequest',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='refund_request_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='refundrequest',
            constraint=models.CheckConstraint(condition=models.Q(('first_by', ''), ('approved_by', ''), models.Q(('first_by', models.F('approved_by')), _negated=True), _connector='OR'), name='refund_request_second_person_is_another'),
        ),
        migrations.AddConstraint(
            model_name='refundrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'asked')), fields=('invoice',), name='one_refund_asked_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='refundrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['approved', 'sending', 'unknown'])), fields=('payment', 'invoice'), name='one_unsent_refund_per_payment'),
        ),
        migrations.AddIndex(
            model_name='reminderstep',
            index=models.Index(condition=models.Q(('status', 'planned')), fields=['invoice'], name='step_planned'),
        ),
        migrations.AddIndex(
            model_name='reminderstep',
            index=models.Index(condition=models.Q(('status', 'planned')), fields=['next_try_at'], name='step_to_compose'),
        ),
        migrations.AddConstraint(
            model_name='reminderstep',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['planned', 'composed', 'taken'])), fields=('invoice', 'step', 'due_on'), name='one_standing_step_per_due_date'),
        ),
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['created_at'], name='staff_task_open'),
        ),
        migrations.AddConstraint(
            model_name='submittedbatch',
            constraint=models.UniqueConstraint(fields=('provider', 'digest'), name='one_batch_per_file'),
        ),
        migrations.AddIndex(
            model_name='webhookcall',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['next_try_at'], name='webhook_call_waiting'),
        ),
    ]
