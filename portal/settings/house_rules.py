"""House rules: the business numbers of the product. The law's own numbers stand in billing/law/."""

from decimal import Decimal

from portal.settings.base import SANDBOX

PAYMENT_TERM_DAYS = 30
LATE_INVOICE_TERM_DAYS = 14  # for an invoice whose due date has gone by when it reaches us
NOTE_BEFORE_DUE_DAYS = 7  # the friendly note
REMINDER_AFTER_WORKING_DAYS = 3  # after the last day to pay: payments of that day have arrived by then
REMINDER_INTERVAL_DAYS = 10  # from the delivery of a letter to the next one; the 14-day letter has the law's own term
RESUME_AFTER_DAYS = 7  # from the last day to pay after a plan or a hold: nobody gets the next letter at once
# Paying later is free of charge; charged credit would fall under the law on consumer credit.
DEFERRAL_DAYS = 30  # after the last day to pay, once for an invoice
PLAN_FROM_AMOUNT = Decimal("30.00")
PLAN_SMALL_AMOUNT = Decimal("100.00")  # up to and including it, the smaller number of installments
PLAN_MAX_INSTALLMENTS_SMALL, PLAN_MAX_INSTALLMENTS = 3, 5
PLAN_FIRST_WITHIN_DAYS = 30
INSTALLMENT_NOTICE_DAYS = 7  # the mail before an installment
INSTALLMENT_GRACE_DAYS = 7  # after the one free reminder of a missed installment
LINK_VALID_DAYS = 90  # the link in a mail about an invoice
# The notice of a new invoice is no reminder, but it should not wake anybody up. A demo is looked at at any hour.
NOTICE_HOURS = (0, 24) if SANDBOX else (7, 22)
STAFF_IDLE_SECONDS = 60 * 60  # and SESSION_COOKIE_AGE at most: what NIST SP 800-63B asks of two factors
GUEST_IDLE_SECONDS = 15 * 60
GUEST_ABSOLUTE_SECONDS = 60 * 60
CODE_DIGITS = 6
CODE_VALID_SECONDS = 10 * 60
CODE_ATTEMPTS = 5  # for one code; a wrong one more and it is dead
CODE_COOLDOWN_SECONDS = 60  # between two codes
# For one invoice from one address, so that a stranger elsewhere can't use up what the patient has.
CODE_SENDS_AT_ONCE = 3  # but for the pause
CODE_NEXT_SECONDS = 15 * 60  # the longest wait for the next one, until the day's are used up
CODE_SENDS_PER_DAY = 6
# For one invoice, and for one number, from all addresses together: what bounds guessing and pestering. One more
# comes every CODE_NEXT_SECONDS, so that nobody keeps a patient out for longer.
CODE_SENDS_FROM_ALL_AT_ONCE = 12
CODE_SENDS_BY_RESERVE_PER_DAY = 12  # for one number: one for each network that did not ask yet, while those are used up
# For one invoice, for those who came by the link in our mail: strangers can't use these up.
CODE_SENDS_BY_LINK_PER_DAY = 12
CODE_SENDS_PER_ADDRESS_PER_HOUR = 30  # for all invoices: a household or a clinic, not a robot
SMS_DAILY_BUDGET = 5000  # for everybody: what a day of fraud may cost at most
DOCUMENT_GRANT_SECONDS = 15 * 60  # after the code
LOOKUP_FAILURES_PER_ADDRESS = 5  # within LOOKUP_ADDRESS_SECONDS
LOOKUP_ADDRESS_SECONDS = 10 * 60
LOOKUP_FAILURES_GLOBAL = 1000  # within LOOKUP_GLOBAL_SECONDS: a breaker against guessing from many addresses
LOOKUP_GLOBAL_SECONDS = 60 * 60
PAYMENT_REUSE_MARGIN_SECONDS = 120  # a link to the bank that dies sooner is not offered again
OUTBOX_MAX_TRIES = 8
