"""House rules: the business numbers of the product. Numbers set by law are in billing/law/."""

from decimal import Decimal

from portal.settings.base import SANDBOX

PAYMENT_TERM_DAYS = 30
LATE_INVOICE_TERM_DAYS = 14  # the least time to pay, from the day on which a mail names the last day
NOTE_BEFORE_DUE_DAYS = 7  # the friendly note
REMINDER_AFTER_WORKING_DAYS = 3  # after the due date: payments of that day have arrived by then
REMINDER_INTERVAL_DAYS = 10  # from the delivery of a letter to the next one; the 14-day letter has the law's own term
RESUME_AFTER_DAYS = 7  # from the due date after a plan or a hold, so that nobody gets the next letter at once
DUNNING_FROM_AMOUNT = Decimal("5.00")  # below it no letters: a person writes it off, or asks
COSTS_FROM_REST = Decimal("2.50")  # when a payment in time leaves less, the rest costs nothing
PART_FROM_AMOUNT = Decimal("5.00")  # the least that a patient may choose to pay at once, unless less is owed
# Paying later is free of charge; charged credit would fall under the law on consumer credit.
DEFERRAL_DAYS = 30  # after the due date, once per invoice
PLAN_FROM_AMOUNT = Decimal("30.00")
PLAN_SMALL_AMOUNT = Decimal("100.00")  # up to and including it, the smaller number of installments
PLAN_MAX_INSTALLMENTS_SMALL, PLAN_MAX_INSTALLMENTS = 3, 5
PLAN_FIRST_WITHIN_DAYS = 30
PLAN_UNDO_TIMES = 2  # for one invoice, each on the day on which it was made
INSTALLMENT_NOTICE_DAYS = 7  # the mail before an installment
INSTALLMENT_GRACE_DAYS = 7  # after the one free reminder of a missed installment
LINK_VALID_DAYS = 90  # the link in a mail about an invoice
# The notice of a new invoice is not a reminder, but should not arrive at night. A demo is used at any hour.
NOTICE_HOURS = (0, 24) if SANDBOX else (7, 22)
STAFF_IDLE_SECONDS = 60 * 60  # and SESSION_COOKIE_AGE at most, as NIST SP 800-63B requires with two factors
GUEST_IDLE_SECONDS = 15 * 60
GUEST_ABSOLUTE_SECONDS = 60 * 60
CODE_DIGITS = 6
CODE_VALID_SECONDS = 10 * 60
CODE_ATTEMPTS = 5  # per code; after as many wrong ones it is invalid
CODE_PAUSE_HOURS = 24  # after a change of the mobile number: no code to the new one
CODE_COOLDOWN_SECONDS = 60  # between two codes
# For one invoice from one address, so that a stranger elsewhere can't use up the patient's codes.
CODE_SENDS_AT_ONCE = 3  # apart from the cooldown
CODE_NEXT_SECONDS = 15 * 60  # the longest wait for the next one, until the daily limit is reached
CODE_SENDS_PER_DAY = 6  # for those who came by the link in our mail or on paper
CODE_SENDS_BY_STRANGER_PER_DAY = 4  # for those who know no more than the payment reference
# For one invoice, from all addresses together; for one number twice as many. This bounds guessing and harassment.
CODE_SENDS_BY_STRANGERS_PER_DAY = 8
# For one invoice, for those who came by the link: strangers can't use these up.
CODE_SENDS_BY_LINK_PER_DAY = 12
# Guesses that are looked at, for one invoice: 100 a day, so that one in 10,000 such days ends with a right one.
CODE_GUESSES_BY_STRANGERS_PER_DAY, CODE_GUESSES_BY_LINK_PER_DAY = 40, 60
CODE_SENDS_PER_ADDRESS_PER_HOUR = 30  # for all invoices: a household or a clinic, not a robot
SMS_DAILY_BUDGET = 5000  # for everybody together: bounds the cost of a day of fraud
DOCUMENT_GRANT_SECONDS = 15 * 60  # after the code
# Failed sign-ins of staff, whatever the user name: of one network (an office), and of everybody together.
SIGN_IN_FAILURES_PER_NETWORK, SIGN_IN_FAILURES_GLOBAL = 20, 120  # within SIGN_IN_SECONDS
SIGN_IN_SECONDS = 10 * 60
# Wrong codes of an app after a right password: a day in a browser that the account knows, and in all others. Three of
# a million codes are right at any moment, so that strangers guess one within a month once in 11,111 times.
STAFF_CODES_PER_BROWSER = 10
STAFF_CODES_PER_NETWORK, STAFF_CODES_BY_STRANGERS, STAFF_CODES_BY_STRANGERS_PER_MONTH = 5, 10, 30
LOOKUP_FAILURES_PER_ADDRESS = 5  # within LOOKUP_ADDRESS_SECONDS
LOOKUP_ADDRESS_SECONDS = 10 * 60
LOOKUP_SESSIONS_PER_HOUR = 20  # that one network may begin for one invoice
LOOKUP_FAILURES_GLOBAL = 1000  # within LOOKUP_GLOBAL_SECONDS: a breaker against guessing from many addresses
LOOKUP_GLOBAL_SECONDS = 60 * 60
RECEIPT_SECOND_PERSON_ABOVE = Decimal("250.00")  # money that staff report: above it a second person confirms
REFUND_SECOND_PERSON_ABOVE = Decimal("250.00")  # unless the practice chose another amount
REFUND_AUTOMATICALLY_UP_TO = Decimal("0.00")  # without anybody's approval; a practice may choose an amount
REFUND_WITHIN_DAYS = 360  # of the payment; Mollie refunds iDEAL within 365
CREDIT_TERM_DAYS = 14  # within which credit of a patient has to be refunded or moved
REALLOCATION_SECOND_PERSON_ABOVE = Decimal("250.00")  # money that staff move between invoices: likewise
# What all people of a practice together decide alone within a day, as so many times each of these three amounts.
ALONE_A_DAY_TIMES = 10
PAYMENT_REUSE_MARGIN_SECONDS = 120  # a link to the bank that expires sooner is not offered again
OUTBOX_MAX_TRIES = 8
# How long a part of the machinery may be silent, before the page of operations is red and Prometheus alerts.
BEAT_SILENT_SECONDS = 2 * 60
SWEEP_SILENT_SECONDS = 10 * 60  # or three times its own interval; a sweep of many letters takes minutes
DAY_SILENT_SECONDS = 12 * 60 * 60  # it runs hourly by day, and not for ten hours at night
BACKUP_SILENT_SECONDS = DIGESTS_SILENT_SECONDS = 26 * 60 * 60  # daily; one night has an hour more
WORKER_SILENT_SECONDS = WATCH_SILENT_SECONDS = 5 * 60
RETENTION_SILENT_SECONDS = 26 * 60 * 60
LEDGER_SILENT_SECONDS = 2 * 24 * 60 * 60  # the proof of the books, once a night
BOUNCE_PROBE_SILENT_SECONDS = 2 * 24 * 60 * 60  # it comes back daily, and one may be late
WORK_WAITS_SECONDS = 10 * 60  # a message that may be sent, a call of the bank
MESSAGE_UNSENT_SECONDS = 24 * 60 * 60  # since it was queued: a night of waiting for the hours of mail is right
