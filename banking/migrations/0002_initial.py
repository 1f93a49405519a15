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
            model_name='linedecision',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='linedecision',
            name='confirmed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by'),
        ),
        migrations.AddField(
            model_name='linedecision',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='banking.bankline', verbose_name='line of a statement'),
        ),
        migrations.AddField(
            model_name='linedecision',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='undone by'),
        ),
        migrations.AddField(
            model_name='linematch',
            name='decision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='banking.linedecision', verbose_name='decision about a line'),
        ),
        migrations.AddField(
            model_name='linematch',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='line_matches', to='billing.invoice', verbose_name='invoice'),
        ),
        migrations.AddField(
            model_name='linematch',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='banking.bankline', verbose_name='line of a statement'),
        ),
        migrations.AddField(
            model_name='linenote',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='linenote',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='banking.bankline', verbose_name='line of a statement'),
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
            model_name='linedecision',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('waiting', 'done'))), fields=('line',), name='one_standing_decision_per_line'),
        ),
        migrations.AddConstraint(
            model_name='linedecision',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by', None), ('by', None), models.Q(('confirmed_by', models.F('by')), _negated=True), _connector='OR'), name='line_decision_second_person_is_another'),
        ),
        migrations.AddConstraint(
            model_name='linedecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'other'), ('what__gt', '')), models.Q(models.Q(('kind', 'other'), _negated=True), ('what', '')), _connector='OR'), name='line_decision_says_what_it_is'),
        ),
        migrations.AddConstraint(
            model_name='linematch',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0.00'))), name='line_match_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='linematch',
            constraint=models.UniqueConstraint(fields=('decision', 'invoice'), name='line_match_once_per_invoice'),
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
