"""Words that say nothing by themselves, and what Korean words end in: data for `words`."""

# Korean particles; the longest that fits goes.
PARTICLES = """
    에서부터 으로부터 에게서 에서는 에서도 에서의 까지의 까지는 에게는 으로는 으로서 으로써 이라는 라는
    이라고 라고 이라면 이란 이며 이고 이나 이면 이라 에서 에게 에는 에도 에만 부터 까지 마다 보다 처럼 같이
    대로 만큼 만을 만이 밖에 조차 한테 께서 으로 로서 로써 로부터 로는 하고 과는 와는 과의 와의 들은 들이
    들을 들의 은 는 이 가 을 를 의 에 로 와 과 도 만 란 며 나 들
""".split()
# Endings of verbs and of the copula, with 하다, 되다 and 받다 that make verbs of nouns.
ENDINGS = """
    하므로 되므로 이므로 으므로 므로 하여야 해야 하였습니다 했습니다 합니다 하십시오 하세요 한다 하는 하며
    하고 하면 하여 해서 하기 하지 하도록 하거나 하려면 할 한 함 해 했다 했던 하던 하 되어야 돼야 되었습니다
    됐습니다 됩니다 된다 되는 되며 되고 되면 되어 돼서 되기 되지 되도록 되거나 될 된 됨 돼 됐다 되었던 되
    시킵니다 시킨다 시키는 시켜 시키 받습니다 받는다 받은 받는 받아 이었습니다 였습니다 입니다 이에요 예요
    입니까 인가요 인지 이다 인 일 임 이었다 였다 었습니다 았습니다 습니다 습니까 으십시오 으세요 십시오 세요
    어야 아야 으면 으며 으려면 려면 도록 거나 는데 은데 지만 면서 으면서 었다 았다 었던 았던 는다 는지 은지
    을지 ᆫ지 ᆯ지 어서 아서 려고 으려고 려야 겨야 고 며 면 ᆸ니다 ᆸ니까 ᆫ다 는 은 을 다 요
""".split()
# Words that carry the frame of a Korean sentence: that an answer adds one is no claim.
LIGHT_KO = """
    것 수 때 등 및 또는 그리고 그러나 하지만 따라서 그래서 또한 즉 바로 각각 각 모두 모든 전체 전부 먼저
    우선 다음 이후 그다음 이어서 마지막 마지막으로 위해 위하 위한 통해 통하 대해 대하 대한 관해 관하 관한
    관련 따라 따르 따른 의해 의하 의한 경우 해당 때문 인해 인하 있 없 같 않 아니 못하 하 되 이루어지
    이루어져 이뤄지 이뤄져 말하 말 뜻하 뜻 의미 의미하 가리키 가리 일컫 부르 불리 설명 설명하 드리 알려
    알려드리 필요 필요하 가능 가능하 사용 사용하 쓰 쓰이 이용 이용하 활용 진행 진행하 수행 수행하 처리 실시
    실시하 제공 포함 포함하 정하 정해지 정해져 정해 정한 규정 규정하 설정 설정하 지정 지정하 기준 방식 방법
    내용 사항 부분 상태 상황 대상 결과 이유 원인 목적 시점 시각 시간 기간 기한 날짜 곳 장소 위치 값 수치
    정도 약 총 합계 합 차이 더 덜 가장 매우 다시 반드시 꼭 항상 주로 보통 일반적 구체적 직접 함께 별도 현재
    당시 이미 아직 오직 오로지 단 다만 무엇 누구 어디 언제 얼마 어떻 어떤 어느 왜 몇 이 그 저 이것 그것 여기
    거기 이런 그런 본인 자신 우리 사람 분 명 개 건 회 번 단계 순서 차례 종류 가지 항목 부터 까지 이상 이하
    이내 미만 초과 이전 전 후 안 내 외 중 간 동안 사이 쪽 측 경우에 맡 맡고 담당 담당하 책임 책임지 소요
    걸리 걸려 나타내 나타 보이 되어있 작업 업무 일 조치 활동 역할 기능 과정 절차 거치 시작 시작하 완료 끝나
    끝내 마치 마친 이르 달하 해당하 속하 갖 가지고 지니 두 둔 두고 둘 놓 놓여 구성 구성되 이뤄 존재 존재하
    발생 발생하 생기 일어나 나오 나온 나타나 하루 이틀 매일 매주 매월 매년 한번 번째 첫 첫째 둘째 셋째
    나머지 기타 밖 외에 뿐 만큼 대신 통틀어 합쳐 더하 더해 더하면 빼 빼면 곱하 곱하면 나누 나누면 계산
    계산하 산출 따지 보면 즉시 바탕 근거 따름 이어 이용해 예정 계획 요구 요구하 요구되 하나 다른 서류 가운데
    까닭 버전 구간 단서 절반 간격 말일 주장 조건 마련 덕분 여부 사실 점 측면 형태 단위 범위 한도 상한 하한
    최대 최소 규모 합산 곱셈 덧셈 뺄셈 비율 비중 몫 취하 갖추 지키 준수 따라야 기억 안내 표시 이해 판단 결정
    정리 비교 참고 명시 제시 언급 기재 적용 유지 변경 추가 실제 제대로 그대로 새로 새롭 여러 다양 특정 특히
    일정 동일 유일 아무리 적어도 마땅 이제 오래 오히려 비로소 미리 따로 서로 스스로 하룻밤 순간 당일 나중
    처음 도중 무렵 오전 오후 새벽 보여 날부터 날이 날까지 주마다 날마다 달마다 해마다 합하 합해 더한 곱한
    나눈 뺀 네 예 아니요 아니오 맞 맞습 그렇 그러 이러 위 아래 것으로 라는 라고 거 게 거예요 것입 것이 지요
    날 이튿날 말지 섭씨 화씨 넘 넘지 넘어 넘으 둡 곧장 곧바로 얼른 하나씩 차례로
    다달이 나날이 달라 달라지 겪 덕 때마다 밖에
    주 주세요 확인 확인하 알 알리 바랍 바라 권장 운영 관리
""".split()
# The same in English.
LIGHT_EN = """
    a an and any are as at be been being but by can could did do does doing for from had has have having how
    if in into is it its itself may might must no nor not of off on only or other our out over own per shall
    should so such than that the their them then there these they this those through to too under until up
    upon via was we were what when where which while who whom whose why will with within without would yes
    you your i he she his her my me us also all both each either every few more most less least much many
    some several same very just about around approximately roughly above below before after between during
    since again once still already yet else mean means called known refer refers defined definition used use
    uses using make makes made take takes taken get gets give given gives go goes let need needs needed
    require requires required want like one ones thing things way ways kind type first second third last
    next step steps number amount total sum case cases time times part parts set name named state states say
    says said tell told show shows shown include includes including included cannot ensure allow allows
    allowed provide provides provided perform performs performed carry carried following follow follows
    followed done happen happens happened occur occurs occurred start starts started begin instead rather
    because therefore thus hence however order etc eg ie according based available people person someone
    anyone everyone responsible charge handles handle handled belongs belong located utc gmt kst nobody
    anybody somebody everybody none nothing something anything everything nowhere please short long equal
    equals value values plus minus multiplied divided altogether
""".split()
# English words that paraphrases are made of: what they add is seldom a claim of its own.
EVERYDAY_EN = """
    accept achieve act add additional aim alone already always amount announce answer appear apply arrive
    ask attend avoid back bad base become begin behind belong beside best better big both bring call careful
    cause certain chance change choose clear close come common complete concern consist contain continue
    correct cost count cover create current cut daily decide deliver depend describe determine different
    difficult direct divide double down drop due earlier early easy effect enough enter equal even ever
    every exact exceed exist expect explain extra fail fall far fast few fewer fill final find finish fit
    fix form former found four free full further gain general gone good great grow half happen hard help
    high higher hold hour idea immediate important increase inside instead interval issue join just keep
    kind know large last late later lead learn leave left let level limit list little load long longer look
    lose lot low lower main maintain manage mark match matter maximum measure member mention method middle
    minimum minute miss moment month move multiple near necessary never new next normal note notice number
    obtain occur offer often old once open opposite order original outside owner own particular pass past
    pay per period place plan point possible present prevent previous price problem proceed process produce
    proper purpose put quarter quick rate reach read ready real reason receive recent record reduce regard
    regular relate remain remember remove repeat replace report respect rest result return right rise role
    rule run safe same schedule see seem select send separate serve set several shift short side similar
    simple since single situation slow small soon source specific speak stand stay still stop store subject
    succeed suit sum support survive sure task term thereby thing think three throughout tie total toward
    treat try turn two type under unit unless up usual valid value various version wait want watch way week
    whole wide without word work worth write wrong year zero apart ring switch hand person gap difference
    respectively permitted forbidden earn grant entitled suffices
""".split()
# Irregular English verbs, each with its other forms.
IRREGULAR = """
    send sent sends sending, keep kept keeps keeping, run ran runs running, hold held holding, build
    built building, write wrote written writing writes, choose chose chosen choosing, pay paid pays
    paying, lose lost loses losing, find found finds finding, leave left leaves leaving, meet met meets
    meeting, stop stopped stopping stops, bring brought brings, sell sold sells, spend spent spends,
    fall fell fallen falls, rise rose risen rises, break broke broken breaks, draw drew drawn draws,
    come came comes coming, store stored storing stores
"""
