"""Words that passwords are most often made of, here and elsewhere. With the usual trimmings they stand for thousands.

Written for this product from general knowledge of password habits; not copied from any leaked list.
"""

from __future__ import annotations

from typing import Final

KEYBOARD_ROWS: Final = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "147258369",
    "741852963",
    "159753",
    "7894561230",
    "1472583690",
)

_WORDS: Final = """
password passwort passwd pass passw pwd mima admin administrator root user username guest test testing tester demo temp
default login letmein welcome hello hi secret private master super superman batman dragon monkey football baseball
basketball soccer hockey tennis sunshine princess shadow michael jordan jennifer jessica ashley daniel charlie andrew
thomas robert george joshua matthew anthony hunter ranger buster tigger pepper ginger cookie summer winter spring autumn
monday friday sunday january march april june july august october december starwars pokemon naruto google facebook
computer internet samsung huawei xiaomi iphone apple android windows microsoft oracle linux server system database
qwerty qwertz azerty asdf asdfgh zxcvbn qweasd qweasdzxc qazwsx qwer asd qwe zxc abc abcd abcdef aaa iloveyou loveyou
love lovely forever family baby angel freedom whatever trustno trust nothing someone changeme change newpass money happy
lucky flower purple orange silver golden diamond killer hacker matrix phoenix tiger lion eagle panda dog cat fish
china zhongguo beijing shanghai hangzhou yiwu zhejiang guangzhou shenzhen nanjing wuhan chengdu tianjin chongqing suzhou
ningbo wenzhou woaini woaiwo aini woaiwojia woshishui woshi nihao nihaoma haha hehe wodemima mimamima meimima buzhidao
caonima shabi wang wangwei zhang zhangwei lifang liuyang chenchen laogong laopo baobao baobei xiaobao xiaoming
zhangsan lisi wangwu mama baba jiejie gege didi meimei taobao alipay weixin wechat zhifubao tencent baidu qq wx
microwish weixinyuan xinyuan wish wishes aixin gongyi cishan zhiyuan zhiyuanzhe volunteer shegong social worker
coordinator campaign foundation charity dangyuan zhibu dangzhibu shequ children child ertong xuexiao school
密码 我爱你 中国 杭州 微心愿 心愿 爱心 公益 慈善 志愿者 社工 党员 支部 基金会 管理员 测试 你好 妈妈 爸爸 宝贝
"""

COMMON_WORDS: Final = frozenset(_WORDS.split())
