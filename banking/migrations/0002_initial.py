import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('banking', '0001_initial'),
        ('billing', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='outgoingorder',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='banking.outgoingbatch', verbose_name='batch of orders'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='cancel_asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to cancel'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='cancelled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cancelled by'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='invoice',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='billing.invoice', verbose_name='invoice'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='line',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='banking.bankline', verbose_name='line of a statement'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='proposed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by'),
        ),
        migrations.AddField(
            model_name='outgoingorder',
            name='provider',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='billing.provider', verbose_name='provider'),
        ),
        migrations.AddField(
            model_name='payeeaccount',
            name='lift_asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to unblock'),
        ),
        migrations.AddField(
            model_name='statement',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='banking.bankaccount', verbose_name='bank account'),
        ),
        migrations.AddField(
            model_name='bankline',
            name='statement',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='banking.statement', verbose_name='bank statement'),
        ),
        migrations.AddField(
            model_name='statement',
            name='file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='banking.statementfile', verbose_name='file'),
        ),
        migrations.AddConstraint(
            model_name='accountday',
            constraint=models.UniqueConstraint(fields=('account', 'day'), name='account_day_is_one'),
        ),
        migrations.AddConstraint(
            model_name='outgoingbatch',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0), ('total__gt', Decimal('0.00'))), name='batch_pays_something'),
        ),
        migrations.AddConstraint(
            model_name='outgoingbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('exported_at', None), ('status', 'made')), models.Q(('exported_at__isnull', False), ('status', 'exported')), _connector='OR'), name='batch_says_when_it_was_exported'),
        ),
        migrations.AddIndex(
            model_name='outgoingorder',
            index=models.Index(fields=['status'], name='order_by_status'),
        ),
        migrations.AddIndex(
            model_name='outgoingorder',
            index=models.Index(fields=['iban_hash'], name='order_by_payee'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='order_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('rejected', 'returned', 'cancelled')), _negated=True), fields=('source',), name='one_order_per_source'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('proposed', 'cancelled')), models.Q(('approved_by__isnull', False), ('proposed_by__isnull', False)), _connector='OR'), name='order_has_two_persons'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='order_second_person_is_another'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.CheckConstraint(condition=models.Q(('cancel_asked_by', None), ('cancelled_by', None), models.Q(('cancelled_by', models.F('cancel_asked_by')), _negated=True), _connector='OR'), name='order_cancelled_by_another'),
        ),
        migrations.AddConstraint(
            model_name='outgoingorder',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('proposed', 'approved', 'cancelled')), ('batch__isnull', False), _connector='OR'), name='order_at_bank_has_a_batch'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(fields=['account', 'booked_on', 'place'], name='bank_line_by_day'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(condition=models.Q(('counter_hash', ''), _negated=True), fields=['counter_hash'], name='bank_line_by_payer'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(condition=models.Q(('status', 'new'), ('status', 'proposed'), ('status', 'unmatched'), _connector='OR'), fields=['status', 'booked_on'], name='bank_line_waits'),
        ),
        migrations.AddConstraint(
            model_name='bankline',
            constraint=models.CheckConstraint(condition=models.Q(('amount', Decimal('0.00')), _negated=True), name='bank_line_is_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='bankline',
            constraint=models.CheckConstraint(condition=models.Q(('part__gte', 1), ('part__lte', models.F('parts'))), name='bank_line_part_of_parts'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('from_on__lte', models.F('to_on'))), name='statement_ends_after_it_begins'),
        ),
    ]
