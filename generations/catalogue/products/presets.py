"""Voices and elements that Kling has itself, as far as their ids are recorded.

The voices are those of Kling's guide for speech and lip-sync, from its own client for ComfyUI
(October 2025). Ids of its official elements are recorded nowhere: an operator adds them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Sort = Literal["voice", "element"]
SINCE_MS = 1_767_225_600_000  # 1 January 2026: Kling's lists have a time, and nobody knows which


# Kling numbers the voices and elements that its customers make, and the accounts here may have some
# from elsewhere. Its own elements have short numbers, which are recorded nowhere.
_NUMBERS: dict[Sort, re.Pattern[str]] = {
    "voice": re.compile("[0-9]{10,20}", re.ASCII),
    "element": re.compile("[0-9]{1,20}", re.ASCII),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One of Kling's own: `id` as orders name it; `languages` in which a voice speaks."""

    sort: Sort
    id: str
    name: str
    languages: tuple[str, ...] = ()
    since_ms: int = SINCE_MS


def _voices(language: str, *pairs: tuple[str, str]) -> dict[str, Preset]:
    return {
        voice: Preset(sort="voice", id=voice, name=name, languages=(language,))
        for voice, name in pairs
    }


_ENGLISH = _voices(
    "en",
    ("genshin_vindi2", "Sunny"),
    ("zhinen_xuesheng", "Sage"),
    ("AOT", "Ace"),
    ("ai_shatang", "Blossom"),
    ("genshin_klee2", "Peppy"),
    ("genshin_kirara", "Dove"),
    ("ai_kaiya", "Shine"),
    ("oversea_male1", "Anchor"),
    ("ai_chenjiahao_712", "Lyric"),
    ("girlfriend_4_speech02", "Melody"),
    ("chat1_female_new-3", "Tender"),
    ("chat_0407_5-1", "Siren"),
    ("cartoon-boy-07", "Zippy"),
    ("uk_boy1", "Bud"),
    ("cartoon-girl-01", "Sprite"),
    ("PeppaPig_platform", "Candy"),
    ("ai_huangzhong_712", "Beacon"),
    ("ai_huangyaoshi_712", "Rock"),
    ("ai_laoguowang_712", "Titan"),
    ("chengshu_jiejie", "Grace"),
    ("you_pingjing", "Helen"),
    ("calm_story1", "Lore"),
    ("uk_man2", "Crag"),
    ("laopopo_speech02", "Prattle"),
    ("heainainai_speech02", "Hearth"),
    ("reader_en_m-v1", "The Reader"),
    ("commercial_lady_en_f-v1", "Commercial Lady"),
)
_CHINESE = _voices(
    "zh",
    ("genshin_vindi2", "阳光少年"),
    ("zhinen_xuesheng", "懂事小弟"),
    ("tiyuxi_xuedi", "运动少年"),
    ("ai_shatang", "青春少女"),
    ("genshin_klee2", "温柔小妹"),
    ("genshin_kirara", "元气少女"),
    ("ai_kaiya", "阳光男生"),
    ("tiexin_nanyou", "幽默小哥"),
    ("ai_chenjiahao_712", "文艺小哥"),
    ("girlfriend_1_speech02", "甜美邻家"),
    ("chat1_female_new-3", "温柔姐姐"),
    ("girlfriend_2_speech02", "职场女青"),
    ("cartoon-boy-07", "活泼男童"),
    ("cartoon-girl-01", "俏皮女童"),
    ("ai_huangyaoshi_712", "稳重老爸"),
    ("you_pingjing", "温柔妈妈"),
    ("ai_laoguowang_712", "严肃上司"),
    ("chengshu_jiejie", "优雅贵妇"),
    ("zhuxi_speech02", "慈祥爷爷"),
    ("uk_oldman3", "唠叨爷爷"),
    ("laopopo_speech02", "唠叨奶奶"),
    ("heainainai_speech02", "和蔼奶奶"),
    ("dongbeilaotie_speech02", "东北老铁"),
    ("chongqingxiaohuo_speech02", "重庆小伙"),
    ("chuanmeizi_speech02", "四川妹子"),
    ("chaoshandashu_speech02", "潮汕大叔"),
    ("ai_taiwan_man2_speech02", "台湾男生"),
    ("xianzhanggui_speech02", "西安掌柜"),
    ("tianjinjiejie_speech02", "天津姐姐"),
    ("diyinnansang_DB_CN_M_04-v2", "新闻播报男"),
    ("yizhipiannan-v1", "译制片男"),
    ("guanxiaofang-v2", "元气少女2"),
    ("tianmeixuemei-v1", "撒娇女友"),
    ("daopianyansang-v1", "刀片烟嗓"),
    ("mengwa-v1", "乖巧正太"),
)


def may_be_numbered(sort: Sort, thing: str) -> bool:
    """Whether Kling may have a voice or element of this id, though nobody here knows it."""
    return _NUMBERS[sort].fullmatch(thing) is not None


def _both(voice: str) -> Preset:
    """A voice of both lists speaks both languages, under its English name."""
    english, chinese = _ENGLISH.get(voice), _CHINESE.get(voice)
    known = english or chinese
    assert known is not None, "it is in one of the lists"
    languages = tuple(p.languages[0] for p in (english, chinese) if p)
    return Preset(sort="voice", id=voice, name=known.name, languages=languages)


PRESETS: tuple[Preset, ...] = tuple(_both(voice) for voice in {**_ENGLISH, **_CHINESE})
