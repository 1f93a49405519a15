"""How long things are kept; the retention rule of each room removes what is older, once a day."""

# Money: AWR art. 52 and BW 2:10 oblige to keep the books for seven years after the year. Then nothing justifies
# keeping a name or care beside an amount any longer (AVG art. 5.1.e).
RETAIN_INVOICE_YEARS = 7  # after the year of the last movement, and settled
# NEN 7513 and MedMij (A.12.4.1): five years. The database itself refuses less.
RETAIN_ACCESS_LOG_YEARS = 5
# The rest has no term in law: as short as it serves (AVG art. 5.1.e).
RETAIN_UPLOAD_DAYS = 90  # after the case was closed: a case may open again, and a patient may object
RETAIN_MESSAGE_DAYS = 180  # after sending, and nothing is owed any more: until then a letter is evidence (BW 6:96)
RETAIN_WEBHOOK_CALL_DAYS = 90  # after it was dealt with: as long as a bank may still take a payment back
RETAIN_SIGN_IN_DAYS = 90  # failures and successes at /beheer/: to look into misuse
RETAIN_CODE_DAYS = 2  # after it ended: what is known of a code by SMS
RETAIN_SANDBOX_DAYS = 30  # the stand-in mailbox of a demo
