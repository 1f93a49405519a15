"""The texts of the core that are about money, terms and rights.

In a language of the core each stands with its Dutch beside it until a translator has certified it, and easy Dutch has
its own words for each. What a rule says in code stands with its Dutch beside it always (`words.said`).
"""

WEIGHTY = frozenset({
    "Do not pay yet",
    "You don't have to do anything now. As long as the invoice is paused you get no reminders and no "
    "extra costs. After that you get a new last day to pay, and you can see it here.",
    "Pay by <strong>%(day)s</strong>",
    "Pay by <strong>%(day)s</strong>.",
    "Up to and including that day you are not late, and no costs are added. If you don't pay by then, you"
    " first get a free reminder.",
    "You can undo this today. Then everything is as it was, and you can choose again.",
    "Now you have to pay %(amount)s by %(day)s. Choose the day that you need.",
    "Up to and including that day you are not late, and no costs are added.",
    "You can do this once for an invoice. If you don't pay by the day that you choose, you first get a free reminder.",
    "Statutory interest was %(rate)s%% a year on %(day)s.",
    "Statutory interest is now %(rate)s%% a year.",
    "If you pay later, you first get a free reminder. Costs are added only after a later letter: at most "
    "%(costs)s, and statutory interest.",
    "If you pay later, you get a letter that gives you fifteen more days. Only after those days costs are"
    " added: at most %(costs)s, and statutory interest.",
    "If you pay later, <strong>%(costs)s collection costs</strong> are added, and statutory interest.",
    "The costs are for all invoices in that letter together.",
    "If you pay later, statutory interest is added, and no collection costs.",
    "If you pay later, you get a last letter. No more collection costs are added, but the interest goes on.",
    "If you pay later, one of our staff looks at your invoice and decides what happens next. Call your "
    "care provider: there is often a solution.",
    "Paused: you don't have to pay now",
    "Too late, but you can still pay",
    "You get no reminders, and no costs are added.",
    "You may pay if you want to.",
    "The last day to pay was <strong>%(day)s</strong>. Please pay as soon as you can.",
    "That is the last day in our letter of %(sent)s.",
    "The rest was written off on <strong>%(day)s</strong>. You don't have to pay it.",
    "The instalment of %(day)s did not arrive. Pay by <strong>%(last)s</strong>, and your plan goes on.",
    "Your next instalment. Pay it by <strong>%(day)s</strong>.",
    "Your care provider lowered the amount. That comes off the first instalments that were open.",
    "You can arrange it here yourself. It is free, and you don't have to say why.",
    "You arranged it with us. Up to and including <strong>%(day)s</strong> you are not late, and no costs"
    " are added. Paying earlier is fine.",
    "Your part pays your next instalments first: first the %(amount)s of %(day)s, then those after it. "
    "The days of what is left stay the same.",
    "By law it pays the collection costs first, then the interest and then the invoice.",
    "Is something left after <strong>%(day)s</strong>? Then the collection costs are %(least)s, also over"
    " the rest: that is the least by law. Is almost nothing left, then there are none.",
    "Does your part arrive by <strong>%(day)s</strong>? Then the collection costs are counted over the rest only.",
    "By law they are at least %(least)s, unless almost nothing is left.",
    "You still have to pay %(amount)s of these invoices. The page of each invoice shows until when.",
    "This invoice was withdrawn, so you did not have to pay it any more. The money is yours: the page of "
    "the invoice shows how you get it back.",
    "You still have to pay %(amount)s of this invoice, but not now: it is on hold. You will hear from us.",
    "Your payment plan goes on. Left to pay: %(amount)s. Your next instalment is %(next)s, by "
    "<strong>%(day)s</strong>.",
    "You still have to pay %(amount)s of this invoice. The last day for it was <strong>%(day)s</strong>. "
    "Please pay it as soon as you can.",
    "You still have to pay %(amount)s of this invoice, by <strong>%(day)s</strong>.",
    "Do you see that the amount was taken from your account after all? Then don't pay again. We book it "
    "as soon as your bank reports it.",
    "You pay %(amount)s in %(count)s instalments. The last one is on %(day)s.",
    "The instalment of %(first)s may be paid until <strong>%(day)s</strong>.",
    "Before each instalment you get an e-mail with a link to pay. Nothing is taken from your account by itself.",
    "You may always pay earlier, also all of the rest at once.",
    "If you miss an instalment, you get one free reminder and one more week. If you don't pay then, the plan ends.",
    "You pay %(amount)s in parts, one each month. It is free.",
    "You pay each instalment yourself, by its day. We send you an e-mail before it, if we have your address.",
    "As long as you pay on time you get no reminders, and no costs are added.",
    "If you miss an instalment, you get one free reminder and one more week. If you don't pay then, the "
    "plan ends and you have to pay the rest at once.",
    "I agree to this plan",
    "These are the steps for your invoice %(number)s from %(provider)s. You are never surprised by costs:"
    " a letter always comes first.",
    "Only a judge can decide that a bailiff takes something from you. A letter of theirs can't.",
    "If you pay <strong>%(amount)s</strong> today, all of this stops.",
    "Then these costs never come: <strong>%(added)s</strong>.",
    "Then these costs never come: <strong>at most %(added)s</strong>.",
    "The days are the earliest ones. It may be later, never earlier.",
    "Collection costs: <strong>%(costs)s</strong>.",
    "Collection costs: <strong>at most %(costs)s</strong>.",
    "Interest: <strong>%(interest)s</strong>.",
    "This costs you nothing.",
    "Do you have more open invoices? Then the costs are counted once over all of them, and each invoice "
    "carries a part. We can't say yet how much, but it is never more than this.",
    "Interest is what the law allows: %(rate)s%% a year on %(day)s. Over the time after that day we add "
    "no interest now.",
    "Interest is what the law allows: now %(rate)s%% a year.",
    "A day later costs a little more.",
    "The amount of the costs is in the law too. Nobody may ask for more, and an agency neither.",
    "Only a judge can decide that a bailiff takes something from you. A letter of ours can't.",
    "Paying. A part on time helps too: costs are counted over the rest only.",
    "Paying later or in instalments. It is free, and you don't have to say why.",
    "Saying that the invoice is not right. We pause it until that has been looked into.",
    "Telling us that you can't pay. You can take a rest of some weeks, and there is free help: call "
    "Geldfit, 0800 8115.",
    "You need not pay now.",
    "You owe the money to %(provider)s. We write on behalf of %(provider)s.",
    "%(provider)s treated you, and passed its claim on to us. You owe the money to us.",
    "Your health insurer paid its part to your care provider. What is left is for you, for instance "
    "because of your deductible (eigen risico), or because your insurance does not cover all of it. Your "
    "insurer can explain its part.",
    "What you pay goes to the costs first, then to the interest and then to the invoice. That is the "
    "order of the law.",
    "The last day to pay was %(day)s.",
    "The last day to pay.",
    "The last day to pay the instalment that you missed:",
    "<strong>Your bank is still working on your payment of %(amount)s.</strong> Don't pay again.",
})  # fmt: skip
