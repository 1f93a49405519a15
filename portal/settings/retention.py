"""Retention terms; the retention rule of each room erases what is older, once a day."""

# AWR art. 52 and BW 2:10 require the books to be retained for seven years after the year. Then nothing justifies
# retaining a name or care with an amount any longer (AVG art. 5.1.e).
RETAIN_INVOICE_YEARS = 7  # after the year of the last movement, and settled
# NEN 7513 and MedMij (A.12.4.1): five years. A database trigger refuses to delete sooner.
RETAIN_ACCESS_LOG_YEARS = 5
# The law sets no term for the rest: as short as its purpose allows (AVG art. 5.1.e).
RETAIN_UPLOAD_DAYS = 90  # after the case was closed: it may be reopened, and a patient may object
RETAIN_SUBMITTED_DAYS = 90  # a file of a practice, after it was handed in: its answer, and what was wrong with it
RETAIN_UNUSED_FILE_DAYS = 14  # a file of a practice that nobody handed in
RETAIN_MESSAGE_DAYS = 180  # after sending, and nothing is owed any more: until then a letter is evidence (BW 6:96)
RETAIN_WEBHOOK_CALL_DAYS = 90  # after it was processed: as long as a bank may still reverse a payment
RETAIN_SIGN_IN_DAYS = 90  # failures and successes at /beheer/: to investigate misuse
RETAIN_CODE_DAYS = 2  # the row of a code by SMS, after it expired
RETAIN_SANDBOX_DAYS = 30  # the stand-in mailbox of a demo
