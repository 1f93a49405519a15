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
            name='Complaint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=13, unique=True, verbose_name='file number')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('subject', models.CharField(choices=[('care', 'the treatment, or how I was treated'), ('price', 'a price, a code, or care that I did not get'), ('insurer', 'what my insurer pays, or my deductible'), ('coulance', 'the amount after coulance'), ('payment', 'a payment that was not booked, or booked wrong'), ('letters', 'reminders or costs, or mail that did not arrive'), ('service', 'how Zorgrekening helped me, or this website'), ('privacy', 'my privacy'), ('not_mine', 'this invoice is not for me'), ('other', 'something else')], max_length=10, verbose_name='subject')),
                ('status', models.CharField(choices=[('received', 'received'), ('acknowledged', 'with an employee'), ('investigating', 'being looked into'), ('waiting_for_patient', 'waiting for your answer'), ('answered', 'answered'), ('second_line', 'looked into again by somebody else'), ('answered_again', 'answered again'), ('inadmissible', 'not for us to answer'), ('withdrawn', 'taken back'), ('closed', 'closed')], default='received', max_length=20, verbose_name='status')),
                ('channel', models.CharField(choices=[('page', 'on the website'), ('phone', 'by telephone'), ('mail', 'by e-mail'), ('post', 'by post')], default='page', max_length=6, verbose_name='came')),
                ('language', models.CharField(default='nl', max_length=2, verbose_name='language')),
                ('disputed', billing.money.EuroField(blank=True, null=True, verbose_name='amount not agreed with')),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('procedure', models.CharField(default='ours', editable=False, max_length=20)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('acknowledge_by', models.DateField(verbose_name='acknowledged before or on')),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True, verbose_name='acknowledged')),
                ('admissible_by', models.DateField(blank=True, editable=False, null=True)),
                ('admitted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('answer_by', models.DateField(verbose_name='answer promised before or on')),
                ('legal_end', models.DateField(verbose_name='answer by law before or on')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('extended_to', models.DateField(blank=True, null=True, verbose_name='extended to')),
                ('waits_until', models.DateField(blank=True, null=True, verbose_name='waits for the patient until')),
                ('states_told', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('next_state_on', models.DateField(blank=True, null=True, verbose_name='next message about the state')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('why_inadmissible', models.CharField(blank=True, editable=False, max_length=16)),
                ('frozen_until', models.DateField(blank=True, null=True, verbose_name='invoice rests until')),
                ('about', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='about')),
                ('handler', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handled by')),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='complaints', to='billing.invoice', verbose_name='invoice')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='complaints', to='billing.provider', verbose_name='care provider')),
                ('second_handler', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='second line')),
            ],
            options={
                'verbose_name': 'complaint',
                'verbose_name_plural': 'complaints',
                'ordering': ['answer_by', 'pk'],
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['next_state_on'], name='complaint_state_due'), models.Index(condition=models.Q(('answered_at', None)), fields=['answer_by'], name='complaint_answer_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('second_handler', None), ('handler', None), models.Q(('second_handler', models.F('handler')), _negated=True), _connector='OR'), name='complaint_second_line_is_another'), models.CheckConstraint(condition=models.Q(('about', None), ('handler', None), models.Q(('handler', models.F('about')), _negated=True), _connector='OR'), name='complaint_not_handled_by_whom_it_is_about'), models.CheckConstraint(condition=models.Q(('about', None), ('second_handler', None), models.Q(('second_handler', models.F('about')), _negated=True), _connector='OR'), name='complaint_not_judged_by_whom_it_is_about'), models.CheckConstraint(condition=models.Q(('disputed', None), ('disputed__gt', Decimal('0.00')), _connector='OR'), name='complaint_disputes_more')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='ComplaintDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('invoice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='billing.invoice')),
            ],
            options={
                'indexes': [models.Index(fields=['written_at'], name='complaint_draft_by_age')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveSmallIntegerField(default=1, verbose_name='line')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('next_body', models.JSONField(default=dict, verbose_name='next body')),
                ('before', billing.money.EuroField(blank=True, null=True, verbose_name='before')),
                ('after', billing.money.EuroField(blank=True, null=True, verbose_name='after')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('given_at', models.DateTimeField(blank=True, null=True, verbose_name='given')),
                ('confirmed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agreed by')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
                ('complaint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='complaints.complaint', verbose_name='complaint')),
            ],
            options={
                'verbose_name': 'answer',
                'verbose_name_plural': 'answers',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('complaint', 'line'), name='complaint_one_answer_per_line'), models.CheckConstraint(condition=models.Q(('confirmed_by', None), models.Q(('confirmed_by', models.F('written_by')), _negated=True), _connector='OR'), name='complaint_answer_second_person_is_another')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='ComplaintMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('acknowledgement', 'confirmation by an employee'), ('state', 'how it stands'), ('question', 'question'), ('reply', 'from you'), ('extension', 'we need more time'), ('inadmissible', "why we can't answer this"), ('answer', 'answer'), ('escalation', 'you do not agree')], max_length=16, verbose_name='kind')),
                ('by', models.CharField(max_length=60, verbose_name='by')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_text', models.BinaryField(default=b'')),
                ('complaint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='complaints.complaint', verbose_name='complaint')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['pk'],
            },
            bases=(billing.encryption.SealedText, models.Model),
        ),
        migrations.CreateModel(
            name='ComplaintPause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begun_on', models.DateField(verbose_name='begun')),
                ('ended_on', models.DateField(blank=True, null=True, verbose_name='ended')),
                ('complaint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pauses', to='complaints.complaint', verbose_name='complaint')),
            ],
            options={
                'verbose_name': 'pause',
                'verbose_name_plural': 'pauses',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_on', None)), fields=('complaint',), name='complaint_one_pause_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='ComplaintPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveSmallIntegerField(default=1, verbose_name='line')),
                ('position', models.PositiveSmallIntegerField(verbose_name='number')),
                ('decision', models.CharField(choices=[('upheld', 'you are right'), ('partly', 'you are partly right'), ('not_upheld', 'we see it differently')], max_length=10, verbose_name='decision')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('sealed_facts', models.BinaryField(default=b'')),
                ('complaint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='points', to='complaints.complaint', verbose_name='complaint')),
            ],
            options={
                'verbose_name': 'point',
                'verbose_name_plural': 'points',
                'ordering': ['line', 'position'],
                'constraints': [models.UniqueConstraint(fields=('complaint', 'line', 'position'), name='complaint_point_once')],
            },
            bases=(billing.encryption.SealedFacts, models.Model),
        ),
        migrations.CreateModel(
            name='Remedy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveSmallIntegerField(default=1, verbose_name='line')),
                ('kind', models.CharField(choices=[('charges_off', 'costs and interest taken off'), ('lowered', 'amount lowered'), ('withdrawn', 'invoice withdrawn'), ('new_due_date', 'new last day to pay'), ('action', 'something an employee does')], max_length=12, verbose_name='kind')),
                ('amount', billing.money.EuroField(blank=True, null=True, verbose_name='amount')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='last day to pay')),
                ('before', billing.money.EuroField(blank=True, null=True, verbose_name='before')),
                ('after', billing.money.EuroField(blank=True, null=True, verbose_name='after')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done')),
                ('token', models.CharField(default=billing.links.new_token, editable=False, max_length=32, unique=True)),
                ('complaint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remedies', to='complaints.complaint', verbose_name='complaint')),
            ],
            options={
                'verbose_name': 'remedy',
                'verbose_name_plural': 'remedies',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('complaint', 'line', 'kind'), name='complaint_remedy_once')],
            },
        ),
    ]
