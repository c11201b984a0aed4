"""What a value of a context column may look like: the closed vocabularies of the lake.

What belongs here: patterns with the words that describe them. What does not: which column has
which (the format modules), replacing what does not fit (`ingest`).

No detector finds a name or an address among free words, so a column of codes takes codes only.
Digits that could be a phone number pass on purpose: those the privacy audit finds, and it then
refuses to publish instead of hiding that somebody writes numbers of people into a column.
"""

from __future__ import annotations

from dataclasses import dataclass

# Stands in the lake for every value that does not fit.
UNRECOGNISED = "unrecognised"


@dataclass(frozen=True)
class Shape:
    """A regular expression for the whole value, and what it stands for in a sentence (plural)."""

    pattern: str
    meaning: str

    @property
    def anchored(self) -> str:
        """The pattern over the whole value."""
        return f"^(?:{self.pattern})$"


_TOKEN = r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,63}"

CODE = Shape(_TOKEN, "codes without blanks such as mini_program or CMB_DEBIT")
SYSTEM = Shape(
    rf"{_TOKEN}( [0-9][0-9A-Za-z._-]{{0,15}})?", "operating systems such as android or iOS 17.2"
)
VERSION = Shape(r"[0-9A-Za-z._+-]{1,40}", "versions such as 8.6.1")
# Alpha-2 or alpha-3 of ISO 3166-1, or a subdivision of ISO 3166-2.
REGION = Shape(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|[A-Z]{3}", "ISO 3166 codes such as CN-GD")
# Language, script, region; phones write zh_CN.
LANGUAGE = Shape(
    r"[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?",
    "BCP 47 language tags such as zh-CN",
)
UPPER_CODE = Shape(r"[A-Z][A-Z0-9_]{0,31}", "upper-case codes such as JSAPI or CMB_DEBIT")
LOWER_CODE = Shape(r"[a-z][a-z0-9_]{0,63}", "lower-case codes such as apple_pay or do_not_honor")
CURRENCY = Shape(r"[A-Z]{3}", "ISO 4217 codes such as CNY")
DECIMAL = Shape(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?", "plain decimal numbers such as 0.8533")
PERCENTAGE = Shape(r"[0-9]{1,3}(\.[0-9]{1,6})?%?", "rates such as 0.60%")
# Of these only 交易 and 退款 count; the others keep a bill's own totals explainable.
ALIPAY_BUSINESS = Shape(
    "(交易|退款|支付|付款|充值|转账|提现|收费|服务费|手续费|分润|冲退|部分|全额){1,3}",
    "business types such as 交易 or 退款",
)
ALIPAY_MODE = Shape(
    rf"{_TOKEN}|(条码|扫码|声波|刷脸|当面付|手机|网站|即时到账|支付|付款){{1,3}}",
    "ways of paying such as BARCODE or 条码支付",
)
# The words WeChat Pay's kinds of account changes are made of; others are kept as `unrecognised`.
WECHAT_FUNDS_BUSINESS = Shape(
    "(交易|扣除|手续费|退款|退还|退回|关闭|提现|充值|转账|付款|收款|企业|商家|零钱|到|分账|回退|冻结|"
    "解冻|结算|划拨|现金|红包|代金券|立减|优惠|补差|营销|发放|服务费|佣金|保证金|扣罚|调账|失败|出资|"
    "资金|账户|微信|支付|平台|其他){1,8}",
    "kinds of account changes such as 交易 or 扣除交易手续费",
)
ALIPAY_ACCOUNT_BUSINESS = Shape(
    "[0-9]{7}|(在线|交易|付款|收款|支付|退款|收费|退费|费用|服务|服务费|手续费|支出|收入|转账|提现|充值|"
    "红包|保证金|分账|分润|冻结|解冻|理赔|代扣|代付|结算|还款|余额|余额宝|转入|转出|其它|其他){1,6}",
    "kinds of account changes such as 在线支付, 收费 or 0010001",
)
ALIPAY_CHANNEL = Shape(
    rf"{_TOKEN}|(支付宝|余额|余额宝|花呗|网商|银行|信用卡|储蓄卡|借记卡|快捷|网银|红包|商家|平台|交易|账户|"
    "账单|国际|当面付|集分宝|支付|付款|其他){1,5}",
    "channels such as 支付宝 or 余额宝",
)
# Kinds, sources and states of lines in personal statements; a name does not fit.
STATEMENT_WORDS = Shape(
    "(商户|消费|扫|二维码|付款|收款|转账|微信|红包|零钱|零钱通|提现|充值|信用卡|银行卡|还款|转出|转入|到|群|"
    "亲属卡|赞赏|支付|成功|已|全额|退款|退还|退|收钱|朋友|存入|到账|对方|关闭|交易|等待|确认|收货|发货|完成|"
    "失败|处理中|余额|余额宝|花呗|月付|理财通|分付|解冻|冻结|自动|扣款|其他|待|领取|过期|自己|钱|给){1,8}",
    "words of statements such as 商户消费 or 交易成功",
)
