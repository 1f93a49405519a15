"""A complaint's file: what somebody said, what was promised, what was answered, and what moved because of it."""

from complaints.models.answers import Answer, ComplaintPoint, Remedy
from complaints.models.complaints import Complaint, ComplaintDraft, ComplaintFile, ComplaintMessage, ComplaintPause
from complaints.models.parts import Lesson, Mandate, Referral, Signal

__all__ = [
    "Answer",
    "Complaint",
    "ComplaintDraft",
    "ComplaintFile",
    "ComplaintMessage",
    "ComplaintPause",
    "ComplaintPoint",
    "Lesson",
    "Mandate",
    "Referral",
    "Remedy",
    "Signal",
]
