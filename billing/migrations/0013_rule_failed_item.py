from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_retention")]

    operations = [
        migrations.AlterField(
            model_name="staffitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("surplus", "paid too much: refund or allocate"),
                    ("payment_mismatch", "payment does not match the gateway's report"),
                    ("gateway_alarm", "the gateway refuses our calls"),
                    ("chargeback", "payment reversed by the bank"),
                    ("refunded", "money was paid back, so that something is owed again: decide what happens next"),
                    ("paid_on_hold", "money arrived while the invoice is on hold"),
                    ("message_failed", "a message could not be delivered"),
                    ("message_in_doubt", "unknown whether a message was delivered"),
                    ("invoice_undelivered", "the invoice or a letter about it did not reach the patient"),
                    ("ready_for_hand_over", "not paid after the last letter: decide what happens next"),
                    ("code_limit", "many codes by SMS: somebody may be misusing them"),
                    ("codes_unused", "few codes by SMS are used: they may not arrive, or somebody misuses them"),
                    ("file_unchecked", "a file that a patient sent can't be checked: we try again"),
                    ("rule_failed", "the day's work failed on this invoice: we try again the next time"),
                    ("lookup_breaker", "many wrong payment references: somebody may be guessing"),
                ],
                max_length=24,
                verbose_name="kind",
            ),
        ),
    ]
