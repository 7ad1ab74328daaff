"""Month names and zone names that feeds write: data.

Twelve months in a row, one line per language, spellings of one month separated by "/" (nominative, genitive, short).
Names that two languages use for different months are left out (Croatian "listopad" is the Polish and Czech November).
"""

from __future__ import annotations

from feedmill.ingest.word_table import rows

_LANGUAGES = """
en january/jan february/feb/febr march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct
  november/nov december/dec
de januar/jän/jänner/jan februar/feber märz/mär/mrz april mai juni juli august september oktober/okt november
  dezember/dez
fr janvier/janv février/fév/févr/fevrier/fev mars avril/avr mai juin juillet/juil août/aout/aoû septembre octobre
  novembre décembre/déc/decembre
es enero/ene febrero marzo abril/abr mayo junio julio agosto/ago septiembre/setiembre/set octubre noviembre
  diciembre/dic
pt janeiro fevereiro março/marco abril maio junho julho agosto setembro outubro/out novembro dezembro
it gennaio/gen febbraio marzo aprile maggio/mag giugno/giu luglio/lug agosto settembre/sett ottobre/ott novembre
  dicembre
nl januari februari maart/mrt april mei juni juli augustus september oktober november december
ca gener febrer març/mars abril maig juny juliol/jul agost setembre octubre novembre desembre/des
sv januari februari mars april maj juni juli augusti september oktober november december
da januar februar marts april maj juni juli august september oktober november december
nb januar februar mars april mai juni juli august september oktober november desember
fi tammikuu/tammikuuta/tammi helmikuu/helmikuuta/helmi maaliskuu/maaliskuuta/maalis huhtikuu/huhtikuuta/huhti
  toukokuu/toukokuuta/touko kesäkuu/kesäkuuta/kesä heinäkuu/heinäkuuta/heinä elokuu/elokuuta/elo
  syyskuu/syyskuuta/syys lokakuu/lokakuuta/loka marraskuu/marraskuuta/marras joulukuu/joulukuuta/joulu
et jaanuar/jaan veebruar/veebr märts aprill mai juuni juuli august september oktoober november detsember/dets
pl styczeń/stycznia/sty luty/lutego/lut marzec/marca kwiecień/kwietnia/kwi maj/maja czerwiec/czerwca/cze
  lipiec/lipca/lip sierpień/sierpnia/sie wrzesień/września/wrz październik/października/paź listopad/listopada/lis
  grudzień/grudnia/gru
cs leden/ledna/led únor/února/úno březen/března/bře duben/dubna/dub květen/května/kvě červen/června/čvn
  červenec/července/čvc srpen/srpna/srp září/zář říjen/října/říj listopad/listopadu prosinec/prosince/pro
sk január/januára február/februára marec/marca apríl/apríla máj/mája jún/júna júl/júla august/augusta
  september/septembra október/októbra november/novembra december/decembra
hr siječanj/siječnja veljača/veljače ožujak/ožujka travanj/travnja svibanj/svibnja lipanj/lipnja srpanj/srpnja
  kolovoz/kolovoza rujan/rujna - studeni/studenog/studenoga prosinac/prosinca
hu január február/febr március/márc április/ápr május/máj június/jún július/júl augusztus szeptember/szept október
  november december
ro ianuarie/ian februarie martie aprilie mai iunie/iun iulie/iul august septembrie octombrie noiembrie/noi decembrie
tr ocak/oca şubat/şub mart nisan/nis mayıs haziran/haz temmuz/tem ağustos/ağu eylül/eyl ekim/eki kasım/kas aralık/ara
id januari februari maret april mei juni juli agustus/agu september oktober november desember
el ιανουάριος/ιανουαρίου/ιαν φεβρουάριος/φεβρουαρίου/φεβ μάρτιος/μαρτίου/μαρ απρίλιος/απριλίου/απρ
  μάιος/μαΐου/μαΐ/μαι ιούνιος/ιουνίου/ιουν/ιούν ιούλιος/ιουλίου/ιουλ/ιούλ αύγουστος/αυγούστου/αυγ/αύγ
  σεπτέμβριος/σεπτεμβρίου/σεπ οκτώβριος/οκτωβρίου/οκτ νοέμβριος/νοεμβρίου/νοε/νοέ δεκέμβριος/δεκεμβρίου/δεκ
ru январь/января/янв февраль/февраля/фев/февр март/марта/мар апрель/апреля/апр май/мая июнь/июня/июн июль/июля/июл
  август/августа/авг сентябрь/сентября/сен/сент октябрь/октября/окт ноябрь/ноября/ноя/нояб декабрь/декабря/дек
uk січень/січня/січ лютий/лютого/лют березень/березня/бер квітень/квітня/кві травень/травня/тра червень/червня/чер
  липень/липня/лип серпень/серпня/сер вересень/вересня/вер жовтень/жовтня/жов листопад/листопада грудень/грудня/гру
bg януари/ян февруари март април май юни юли август септември/септ октомври ноември/ноем декември
sr јануар/јан фебруар/феб март април/апр мај јун јул август/авг септембар/сеп октобар/окт новембар/нов децембар/дец
ar يناير فبراير مارس أبريل/ابريل مايو يونيو يوليو أغسطس/اغسطس سبتمبر أكتوبر/اكتوبر نوفمبر ديسمبر
he ינואר/בינואר פברואר/בפברואר מרץ/במרץ אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט ספטמבר/בספטמבר
  אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר
"""


def _months() -> dict[str, int]:
    months: dict[str, int] = {}
    for _language, *twelve in rows(_LANGUAGES):
        for number, spellings in enumerate(twelve, 1):
            for spelling in spellings.split("/"):
                months.setdefault(spelling.casefold(), number)
    del months["-"]
    return months


MONTHS: dict[str, int] = _months()

# Minutes east of UTC. A name with two meanings has the one that feeds mean (RFC 822 section 5.1; corpus).
ZONES: dict[str, int] = {
    name: minutes
    for minutes, names in (
        (0, "UT UTC GMT Z WET"),
        (60, "BST CET MEZ WEST IST-IE"),
        (120, "CEST MESZ EET SAST CAT"),
        (180, "EEST MSK TRT EAT"),
        (240, "MSD GST SAMT"),
        (270, "IRDT"),
        (210, "IRST"),
        (300, "PKT YEKT UZT"),
        (330, "IST"),
        (345, "NPT"),
        (360, "NOVT BDT OMST"),
        (420, "ICT WIB KRAT"),
        (480, "SGT HKT AWST WITA PHT PHST MYT IRKT"),
        (540, "JST KST WIT YAKT"),
        (570, "ACST"),
        (600, "AEST VLAT"),
        (630, "ACDT"),
        (660, "AEDT"),
        (720, "NZST"),
        (780, "NZDT"),
        (-120, "BRST"),
        (-150, "NDT"),
        (-180, "ADT BRT ART CLST UYT"),
        (-210, "NST"),
        (-240, "EDT AST CLT VET BOT"),
        (-300, "EST CDT PET COT ECT"),
        (-360, "CST MDT"),
        (-420, "MST PDT"),
        (-480, "PST AKDT"),
        (-540, "AKST HDT"),
        (-600, "HST HAST"),
    )
    for name in names.split()
}
