import billing.encryption
import billing.money
import django.db.models.deletion
import django.utils.timezone
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='BankAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iban', models.CharField(max_length=34, unique=True, verbose_name='IBAN')),
                ('local_number', models.CharField(blank=True, max_length=35, verbose_name='old account number')),
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
                'ordering': ['day'],
                'constraints': [models.UniqueConstraint(fields=('account', 'day'), name='account_day_is_one')],
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
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='banking.statement', verbose_name='bank statement')),
            ],
            options={
                'verbose_name': 'line of a statement',
                'verbose_name_plural': 'lines of statements',
                'ordering': ['booked_on', 'place', 'part', 'pk'],
                'indexes': [models.Index(fields=['account', 'booked_on', 'place'], name='bank_line_by_day'), models.Index(condition=models.Q(('counter_hash', ''), _negated=True), fields=['counter_hash'], name='bank_line_by_payer'), models.Index(condition=models.Q(('status', 'new'), ('status', 'proposed'), ('status', 'unmatched'), _connector='OR'), fields=['status', 'booked_on'], name='bank_line_waits')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount', Decimal('0.00')), _negated=True), name='bank_line_is_not_zero'), models.CheckConstraint(condition=models.Q(('part__gte', 1), ('part__lte', models.F('parts'))), name='bank_line_part_of_parts')],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('from_on__lte', models.F('to_on'))), name='statement_ends_after_it_begins'),
        ),
    ]
