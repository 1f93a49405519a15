"""The trees that LiNT-II counts in: from what Frog really said of these sentences to Universal Dependencies."""

import pytest

from tests.readability.frog import sentences_in

INVOICE = """
1	De	de		LID(bep,stan,rest)	0.9	O			2	det
2	rekening	rekening		N(soort,ev,basis,zijd,stan)	0.9	O			3	su
3	wordt	worden		WW(pv,tgw,met-t)	0.9	O			0	ROOT
4	door	door		VZ(init)	0.9	O			6	pc
5	ons	ons		VNW(pr,pron,obl,vol,1,mv)	0.9	O			4	obj1
6	betaald	betalen		WW(vd,vrij,zonder)	0.9	O			3	vc
7	.	.		LET()	0.9	O			6	punct
"""
HEART = """
1	De	de		LID(bep,stan,rest)	0.9	O			2	det
2	Oudegracht	Oudegracht		SPEC(deeleigen)	0.9	B-LOC			3	su
3	is	zijn		WW(pv,tgw,ev)	0.9	O			0	ROOT
4	het	het		LID(bep,stan,evon)	0.9	O			6	det
5	sfeervolle	sfeervol		ADJ(prenom,basis,met-e,stan)	0.9	O			6	mod
6	hart	hart		N(soort,ev,basis,onz,stan)	0.9	O			3	predc
7	van	van		VZ(init)	0.9	O			6	mod
8	de	de		LID(bep,stan,rest)	0.9	O			9	det
9	stad	stad		N(soort,ev,basis,zijd,stan)	0.9	O			7	obj1
10	.	.		LET()	0.9	O			9	punct
"""
LOOSE = """
1	Nu	nu		BW()	0.9	O			2	mod
2	is	zijn		WW(pv,tgw,ev)	0.9	O			0	ROOT
3	het	het		LID(bep,stan,evon)	0.9	O			0	ROOT
4	een	een		LID(onbep,stan,agr)	0.9	O			5	det
5	plek	plek		N(soort,ev,basis,zijd,stan)	0.9	O			0	ROOT
6	om	om		VZ(init)	0.9	O			5	mod
7	te	te		VZ(init)	0.9	O			6	body
8	winkelen	winkelen		WW(inf,vrij,zonder)	0.9	O			7	body
"""
WEEK = """
1	maandag	maandag		SPEC(deeleigen)	0.9	O			2	cnj
2	tot_en_met	tot_en_met		VZ(init)_VG(neven)_VZ(init)	0.9	O_O_O			0	ROOT
3	vrijdag	vrijdag		SPEC(deeleigen)	0.9	O			2	cnj
"""
WHO = """
1	Piet	Piet		SPEC(deeleigen)	0.9	B-PER			0	ROOT
2	,	,		LET()	0.9	O			1	punct
3	die	die		VNW(betr,pron,stan,vol,persoon,getal)	0.9	O			1	mod
4	wil	willen		WW(pv,tgw,ev)	0.9	O			3	body
5	betalen	betalen		WW(inf,vrij,zonder)	0.9	O			4	vc
"""


def heads(output: str) -> dict[str, str]:
    (sentence,) = sentences_in(output)
    return {one.text: f"{one.relation} {sentence[one.head].text}" for one in sentence}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (INVOICE, {"rekening": "nsubj:pass betaald", "wordt": "aux:pass betaald", "door": "mark ons",
                   "ons": "dep betaald", "betaald": "ROOT betaald"}),
        (HEART, {"Oudegracht": "nsubj hart", "is": "cop hart", "hart": "ROOT hart", "van": "mark stad",
                 "stad": "dep hart"}),
        (LOOSE, {"is": "cop plek", "het": "dep plek", "plek": "ROOT plek", "om": "mark winkelen",
                 "te": "mark winkelen", "winkelen": "dep plek"}),
        (WEEK, {"maandag": "ROOT maandag", "tot": "cc vrijdag", "en": "dep tot", "met": "dep tot",
                "vrijdag": "conj maandag"}),
        (WHO, {"die": "nsubj betalen", "wil": "aux betalen", "betalen": "dep Piet"}),
    ],
    ids=["passive", "copula", "left loose", "three words in one", "relative"],
)  # fmt: skip
def test_the_word_with_the_meaning_is_the_head(output, expected):
    assert heads(output).items() >= expected.items()


def test_parts_of_speech_are_those_that_the_formula_counts():
    (sentence,) = sentences_in(HEART)
    assert [one.part for one in sentence[1:6]] == ["PROPN", "AUX", "DET", "ADJ", "NOUN"]
    assert (sentence[2].tag, sentence[1].entity) == ("WW|pv|tgw|ev", "GPE")


def test_a_circle_becomes_a_tree():
    circle = INVOICE.replace("0	ROOT", "6	vc")
    assert heads(circle)["betaald"].startswith(("ROOT", "dep"))
    (sentence,) = sentences_in(circle)
    assert sum(one.relation == "ROOT" for one in sentence) == 1


def test_sentences_are_told_apart():
    assert len(sentences_in(INVOICE + "\n" + HEART)) == 2
