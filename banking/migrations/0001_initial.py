import banking.models.orders
import billing.encryption
import billing.links
import billing.money
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
            name='BankAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iban', models.CharField(max_length=34, unique=True, verbose_name='IBAN')),
                ('name', models.CharField(max_length=70, verbose_name='name')),
                ('starts_on', models.DateField(blank=True, null=True, verbose_name='first day')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
            ],
            options={
                'verbose_name': 'bank account',
                'verbose_name_plural': 'bank accounts',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='StatementFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(editable=False, max_length=64, unique=True)),
                ('name', models.CharField(max_length=100, verbose_name='file name')),
                ('size', models.PositiveBigIntegerField(verbose_name='size')),
                ('status', models.CharField(choices=[('received', 'received'), ('read', 'read'), ('refused', 'refused')], default='received', max_length=8, verbose_name='status')),
                ('refused_because', models.CharField(blank=True, max_length=300, verbose_name='refused because')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
            ],
            options={
                'verbose_name': 'statement file',
                'verbose_name_plural': 'statement files',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='PayeeAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iban_hash', models.CharField(editable=False, max_length=68, unique=True)),
                ('iban_end', models.CharField(max_length=4, verbose_name='IBAN ends in')),
                ('check_result', models.CharField(blank=True, choices=[('match', 'name and account belong together'), ('close', 'the name nearly fits'), ('none', 'the name does not fit'), ('impossible', 'could not be checked')], max_length=10, verbose_name='name check')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='checked')),
                ('blocked_because', models.CharField(blank=True, max_length=40, verbose_name='blocked because')),
                ('blocked_at', models.DateTimeField(blank=True, null=True, verbose_name='blocked')),
                ('lift_asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to unblock')),
            ],
            options={
                'verbose_name': 'account of a payee',
                'verbose_name_plural': 'accounts of payees',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AccountDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('opening', billing.money.EuroField(verbose_name='opening balance')),
                ('closing', billing.money.EuroField(verbose_name='closing balance')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='days', to='banking.bankaccount', verbose_name='bank account')),
            ],
            options={
                'verbose_name': 'day of an account',
                'verbose_name_plural': 'days of an account',
                'ordering': ['day', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('account', 'day', 'opening'), name='account_day_begins_once')],
            },
        ),
        migrations.CreateModel(
            name='OutgoingBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=banking.models.orders.new_batch_reference, max_length=35, unique=True, verbose_name='reference')),
                ('status', models.CharField(choices=[('made', 'made'), ('exported', 'handed out')], default='made', max_length=8, verbose_name='status')),
                ('count', models.PositiveIntegerField(verbose_name='payments')),
                ('total', billing.money.EuroField(verbose_name='total')),
                ('execute_on', models.DateField(verbose_name='to be executed on')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256 of the file')),
                ('sealed_text', models.BinaryField()),
                ('made_by', models.CharField(max_length=60, verbose_name='made by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('exported_at', models.DateTimeField(blank=True, null=True, verbose_name='handed out')),
                ('exported_by', models.CharField(blank=True, max_length=60, verbose_name='handed out by')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='banking.bankaccount', verbose_name='bank account')),
            ],
            options={
                'verbose_name': 'batch of orders',
                'verbose_name_plural': 'batches of orders',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('count__gt', 0), ('total__gt', Decimal('0.00'))), name='batch_pays_something'), models.CheckConstraint(condition=models.Q(models.Q(('exported_at', None), ('status', 'made')), models.Q(('exported_at__isnull', False), ('status', 'exported')), _connector='OR'), name='batch_says_when_it_was_exported')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(choices=[('camt053', 'CAMT.053'), ('mt940', 'MT940')], max_length=8, verbose_name='format')),
                ('number', models.CharField(blank=True, max_length=35, verbose_name='number')),
                ('from_on', models.DateField(verbose_name='from')),
                ('to_on', models.DateField(verbose_name='up to and including')),
                ('opening', billing.money.EuroField(verbose_name='opening balance')),
                ('closing', billing.money.EuroField(verbose_name='closing balance')),
                ('line_count', models.PositiveIntegerField(verbose_name='lines')),
                ('new_count', models.PositiveIntegerField(default=0, verbose_name='new lines')),
                ('skipped_count', models.PositiveIntegerField(default=0, verbose_name='left out')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='banking.bankaccount', verbose_name='bank account')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='banking.statementfile', verbose_name='file')),
            ],
            options={
                'verbose_name': 'bank statement',
                'verbose_name_plural': 'bank statements',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('from_on__lte', models.F('to_on'))), name='statement_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='BankLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('booked_on', models.DateField(verbose_name='booked on')),
                ('value_on', models.DateField(verbose_name='value date')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('fingerprint', models.CharField(editable=False, max_length=40, unique=True)),
                ('place', models.PositiveIntegerField(editable=False)),
                ('entry_amount', billing.money.EuroField(verbose_name='amount of the whole entry')),
                ('part', models.PositiveIntegerField(default=1, editable=False)),
                ('parts', models.PositiveIntegerField(default=1, editable=False)),
                ('format', models.CharField(choices=[('camt053', 'CAMT.053'), ('mt940', 'MT940')], max_length=8, verbose_name='format')),
                ('kind', models.CharField(choices=[('transfer', 'transfer'), ('batch', 'batch without details'), ('returned', 'payment that came back'), ('reversal', 'entry undone by the bank'), ('direct_debit', 'direct debit'), ('charges', 'costs of the bank'), ('interest', 'interest of the bank'), ('cash', 'cash')], default='transfer', max_length=12, verbose_name='kind')),
                ('status', models.CharField(choices=[('new', 'not looked at yet'), ('booked', 'booked'), ('proposed', 'waits for staff, with proposals'), ('unmatched', 'waits for staff'), ('not_ours', 'not of an invoice'), ('sent_back', 'sent back'), ('replaced', 'replaced by its parts')], default='new', max_length=9, verbose_name='status')),
                ('bank_reference', models.CharField(blank=True, max_length=80, verbose_name='reference of the bank')),
                ('counter_hash', models.CharField(blank=True, editable=False, max_length=68)),
                ('sealed_text', models.BinaryField()),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='banking.bankaccount', verbose_name='bank account')),
                ('day', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='banking.accountday', verbose_name='day of an account')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='banking.statement', verbose_name='bank statement')),
            ],
            options={
                'verbose_name': 'line of a statement',
                'verbose_name_plural': 'lines of statements',
                'ordering': ['booked_on', 'place', 'part', 'pk'],
                'indexes': [models.Index(fields=['account', 'booked_on', 'entry_amount'], name='bank_line_by_day'), models.Index(condition=models.Q(('counter_hash', ''), _negated=True), fields=['counter_hash'], name='bank_line_by_payer'), models.Index(condition=models.Q(('status', 'new'), ('status', 'proposed'), ('status', 'unmatched'), _connector='OR'), fields=['status', 'booked_on'], name='bank_line_waits')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount', Decimal('0.00')), _negated=True), name='bank_line_is_not_zero'), models.CheckConstraint(condition=models.Q(('part__gte', 1), ('part__lte', models.F('parts'))), name='bank_line_part_of_parts')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='LineDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invoice', 'booked on invoices'), ('send_back', 'sent back to the account that it came from'), ('other', 'not for an invoice')], max_length=9, verbose_name='kind')),
                ('what', models.CharField(blank=True, choices=[('charges', 'costs of the bank'), ('interest', 'interest of the bank'), ('own_transfer', 'transfer between our own accounts'), ('settlement', 'paid out by Mollie')], max_length=12, verbose_name='what it is')),
                ('status', models.CharField(choices=[('waiting', 'waits for a second person'), ('done', 'done'), ('refused', 'refused'), ('undone', 'undone')], default='waiting', max_length=8, verbose_name='status')),
                ('key', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='decided')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='undone')),
                ('sealed_text', models.BinaryField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='banking.bankline', verbose_name='line of a statement')),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='undone by')),
            ],
            options={
                'verbose_name': 'decision about a line',
                'verbose_name_plural': 'decisions about lines',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('waiting', 'done'))), fields=('line',), name='one_standing_decision_per_line'), models.CheckConstraint(condition=models.Q(('confirmed_by', None), ('by', None), models.Q(('confirmed_by', models.F('by')), _negated=True), _connector='OR'), name='line_decision_second_person_is_another'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'other'), ('what__gt', '')), models.Q(models.Q(('kind', 'other'), _negated=True), ('what', '')), _connector='OR'), name='line_decision_says_what_it_is')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='LineNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('sealed_text', models.BinaryField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='banking.bankline', verbose_name='line of a statement')),
            ],
            options={
                'verbose_name': 'note about a line',
                'verbose_name_plural': 'notes about lines',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='OutgoingOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=banking.models.orders.new_order_reference, max_length=35, unique=True, verbose_name='reference')),
                ('purpose', models.CharField(choices=[('credit', 'refund of a credit'), ('return', 'return of money that nobody claimed'), ('payout', 'payout to a practice')], max_length=6, verbose_name='purpose')),
                ('status', models.CharField(choices=[('proposed', 'waits for two persons'), ('approved', 'approved'), ('in_batch', 'in a batch'), ('exported', 'handed to the bank'), ('accepted', 'accepted by the bank'), ('rejected', 'rejected by the bank'), ('debited', 'paid'), ('returned', 'came back'), ('cancelled', 'cancelled')], default='proposed', max_length=9, verbose_name='status')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('source', models.CharField(editable=False, max_length=80)),
                ('sealed_text', models.BinaryField()),
                ('iban_hash', models.CharField(editable=False, max_length=68)),
                ('iban_end', models.CharField(max_length=4, verbose_name='IBAN ends in')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='proposed')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='approved')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('bank_status', models.CharField(blank=True, max_length=4, verbose_name='status at the bank')),
                ('reason_code', models.CharField(blank=True, max_length=4, verbose_name='reason of the bank')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='banking.bankaccount', verbose_name='bank account')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by')),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='banking.outgoingbatch', verbose_name='batch of orders')),
                ('cancel_asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to cancel')),
                ('cancelled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cancelled by')),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='billing.invoice', verbose_name='invoice')),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='banking.bankline', verbose_name='line of a statement')),
                ('proposed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='billing.provider', verbose_name='provider')),
            ],
            options={
                'verbose_name': 'order to the bank',
                'verbose_name_plural': 'orders to the bank',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['status'], name='order_by_status'), models.Index(fields=['iban_hash'], name='order_by_payee')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='order_amount_positive'), models.UniqueConstraint(condition=models.Q(('status__in', ('rejected', 'returned', 'cancelled')), _negated=True), fields=('source',), name='one_order_per_source'), models.CheckConstraint(condition=models.Q(('status__in', ('proposed', 'cancelled')), models.Q(('approved_by__isnull', False), ('proposed_by__isnull', False)), _connector='OR'), name='order_has_two_persons'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='order_second_person_is_another'), models.CheckConstraint(condition=models.Q(('cancel_asked_by', None), ('cancelled_by', None), models.Q(('cancelled_by', models.F('cancel_asked_by')), _negated=True), _connector='OR'), name='order_cancelled_by_another'), models.CheckConstraint(condition=models.Q(('status__in', ('proposed', 'approved', 'cancelled')), ('batch__isnull', False), _connector='OR'), name='order_at_bank_has_a_batch')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='LineMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', billing.money.EuroField(verbose_name='amount')),
                ('rule', models.CharField(choices=[('exact', 'by its payment reference'), ('slip', 'by a payment reference that was nearly right'), ('payer', 'by the account that paid before'), ('law', 'by the order of the law'), ('hand', 'by hand')], max_length=5, verbose_name='found')),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='banking.linedecision', verbose_name='decision about a line')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='line_matches', to='billing.invoice', verbose_name='invoice')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='banking.bankline', verbose_name='line of a statement')),
            ],
            options={
                'verbose_name': 'transfer on an invoice',
                'verbose_name_plural': 'transfers on invoices',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='line_match_amount_positive'), models.UniqueConstraint(fields=('decision', 'invoice'), name='line_match_once_per_invoice')],
            },
        ),
    ]
