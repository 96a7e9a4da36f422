"""What people read about a model says the same as the gate does."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from generations.catalogue.billable import every_sellable
from generations.catalogue.documentation import capability_table, json_schema, studio_form
from generations.catalogue.newcomers import FIRST_MODEL
from generations.catalogue.registry import SPECS, get
from generations.catalogue.spec import Spec
from generations.catalogue.validation import InvalidRequest, check


def test_the_studio_says_why_a_control_is_off() -> None:
    controls = studio_form(get("kling-v2-6"))["capabilities"]
    assert controls["camera_control"]["reason"] == (
        "kling-v2-6 has no camera control; available with kling-v1 std 5 s text-to-video, "
        "kling-v1-5 pro 5 s image-to-video"
    )
    assert controls["sound"]["reason"] == "kling-v2-6 has sound only with pro"
    assert controls["sound"]["modes"] == ["pro"]
    assert studio_form(get("kling-v3"))["capabilities"]["sound"]["reason"] == ""


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_form_and_schema_is_json(spec: Spec) -> None:
    assert json.loads(json.dumps(studio_form(spec)))["model"] == spec.name
    assert json.loads(json.dumps(json_schema(spec)))["properties"]["model"]["const"] == spec.name


def test_every_field_of_a_schema_is_a_field_the_gate_knows() -> None:
    for spec in SPECS:
        with pytest.raises(InvalidRequest) as caught:
            check(dict.fromkeys(json_schema(spec)["properties"], object()))
        assert "unknown_field" not in {violation.code for violation in caught.value.violations}


def test_every_sellable_order_keeps_to_its_schema() -> None:
    for params in every_sellable():
        properties = json_schema(get(params.model))["properties"]
        assert set(params.to_json()) - {"cfg_scale"} <= set(properties)
        assert params.mode in properties["mode"]["enum"]
        assert params.duration in properties["duration"]["enum"]


def test_the_table_has_a_row_for_every_model() -> None:
    rows = {row.name: row for row in capability_table()}
    assert list(rows) == [spec.name for spec in SPECS]
    assert rows["kling-v1"].capabilities["camera control"] == "std 5 s text-to-video"
    assert rows["kling-v3"].durations == "3 to 15 s"
    assert rows["kling-v2-6"].capabilities["multi-shot"] == ""
    assert rows["kling-v1"].discontinued is True


def test_a_newcomer_is_led_to_a_model_that_stays_and_none_that_stays_costs_less() -> None:
    def least(spec: Spec) -> Decimal:
        return min(price.units * (1 if price.seconds else 5) for price in spec.prices
                   if price.seconds in (5, None))  # fmt: skip

    led_to = get(FIRST_MODEL)
    assert not led_to.discontinued
    assert "text2video" in led_to.kinds
    assert least(led_to) == min(least(spec) for spec in SPECS if not spec.discontinued)
