"""The commonest words and telling letters of each language: data for `ingest.language`.

Words that several languages share are worth little and mostly left out; letters are those that the neighbours lack.
"""

from __future__ import annotations

from feedmill.ingest.word_table import words_by_language

STOP_WORDS: dict[str, dict[str, frozenset[str]]] = {
    "latin": words_by_language("""
en the of and to in is that it was for on with as you this are be have from not they which but his had has were been
  their will would there what about
de der die das und ist nicht mit den von zu ein eine sich auch auf für dem des im es ich wir sind aber wie oder wird
  werden noch haben einer nur
fr le la les de des et un une est que qui dans pour pas sur au avec ce il elle nous vous sont mais plus cette ont
  aux ces être par
es el la los las de que y en un una es por con para no del se su como más pero lo al está este ha ser muy sin sobre
pt o a os as de que e do da em um uma para com não por mais dos das no na ao se como mas foi são você ele pelo isso
it il la di che e un una per non con del della sono è si come più ma anche nel alla gli dei delle questo lo ha da le
nl de het een van en dat niet is in op te zijn voor met die aan er ook maar om bij nog wordt deze naar dan werd
  heeft uit
sv och att det som en är på för av med den till inte har ett om men jag vi kan från så var sig eller när också
da og at det som en er på for af med den til ikke har et om men jeg vi kan fra så var sig eller når også blev hvad
  noget
nb og å det som en er på for av med den til ikke har et om men jeg vi kan fra så var seg eller når også ble hva noe
fi ja on ei että se oli ovat mutta kun hän myös joka niin kuin tai jos olen nyt sen tämä ole vain mitä siitä
pl w i na z się nie do jest to że o jak po za co ale tak od przez tym był jego są czy dla tylko które
cs a se v na je že s z do to o i ve jsem ale jako za by jsou který tak po jeho byl podle když také nebo
sk a sa v na je že s z do to o i vo som ale ako za by sú ktorý tak po jeho bol podľa keď tiež alebo
hu a az és hogy nem is egy ez volt de csak meg már van mint még ha el fel lesz azt ezt vagy kell
ro și de la în nu a o să pe că cu este din un mai pentru care au fost ce dar sunt sau lui prin
tr ve bir bu da de için ile çok gibi ne daha kadar olarak olan ama var mi ben en sonra her değil
id yang dan di dengan untuk dari ini itu tidak pada dalam adalah akan ke juga ada saya oleh kita bisa karena
ca de la que i el en les un per amb els una no és del al més com dels ha aquest però són seva això
hr i je u na se da za su od s ne to kao koji bi što ali sam iz o biti samo još ili kada
vi và của là có được cho không các một trong với những đã này để người khi đến từ cũng như
et ja on ei et see oli ka mis kui aga siis ma seda oma või olen veel nii välja kes
"""),
    "cyrillic": words_by_language("""
ru и в не на что я с он как это по но они к у из за то все так его от было о для бы
uk і в не на що я з він як це по але вони до у із за то всі так його від було про для та
bg и в не на че аз с той как това по но те към у от за се да е ще са съм му при
sr и у не на да је се са од за су као што који али то био или из само би још
"""),
    "arabic": words_by_language("""
ar في من على أن إلى هذا التي الذي عن مع لا ما كان هذه ذلك بعد كل قد أو لم
fa و در به از که این را با است برای آن یک می ها هم تا شد بود خود اما
ur کے کی میں ہے اور سے کا کو نے پر یہ ہیں کہ بھی اس ایک تھا جو نہیں
"""),
    "devanagari": words_by_language("""
hi के में है की और से का को ने पर यह हैं कि भी इस एक था जो नहीं
mr आणि आहे या च्या मध्ये हे तो ते की एक होते नाही पण व त्या
"""),
}  # fmt: skip

# The same, turned around: the languages that each word speaks for.
STOP_WORD_OF: dict[str, tuple[str, ...]] = {}
for _languages in STOP_WORDS.values():
    for _language, _listed in _languages.items():
        for _word in sorted(_listed):
            STOP_WORD_OF[_word] = (*STOP_WORD_OF.get(_word, ()), _language)

LETTERS = {
    "de": "ß", "fr": "œè", "es": "ñ¿¡", "pt": "ãõ", "sv": "ä", "da": "æ", "nb": "æ", "pl": "łąęśż", "cs": "ůřě",
    "sk": "ľĺŕô", "hu": "őű", "ro": "țșăţş", "tr": "ğış", "hr": "đ", "vi": "ơưđ", "et": "õ", "ru": "ыэ", "uk": "їєґ",
    "bg": "ъщ", "sr": "јљњћђџ", "fa": "پچژگ", "ur": "ٹڈےں",
}  # fmt: skip
