"""Stacks: functions, conditions, parameters and ids, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from upwell.testing.apigateway.reading import read
from upwell.testing.apigateway.stack import Ids, Stack, TemplateRefused, make


def _stack(text: str, ids: Ids | None = None, region: str = "us-west-2", **parameters: Any) -> Stack:
    return make(read(text), name="demo", region=region, parameters=parameters, ids=ids or Ids())


def _value(expression: str, **options: Any) -> Any:
    group = "{Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /g}}"
    return _stack(f"Resources: {{Group: {group}}}\nOutputs: {{Found: {{Value: {expression}}}}}", **options).outputs["Found"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Group", "/g"),
        ("!Ref AWS::StackName", "demo"),
        ("!GetAtt Group.Arn", "arn:aws:logs:us-west-2:123456789012:log-group:/g:*"),
        ("!Sub '${AWS::Region} ${Group} ${!Kept}'", "us-west-2 /g ${Kept}"),
        ("!Sub ['${A}-${Group.Arn}', {A: !Ref Group}]", "/g-arn:aws:logs:us-west-2:123456789012:log-group:/g:*"),
        ("!Join [',', [a, !Ref Group]]", "a,/g"),
        ("!Select [1, [a, b]]", "b"),
        ("{'Fn::Join': ['', [x]]}", "x"),
    ],
)
def test_functions(expression: str, expected: str) -> None:
    """In their short and their long form."""
    assert _value(expression) == expected


def test_partitions() -> None:
    """China and GovCloud have names of their own."""
    assert _value("!Sub '${AWS::Partition} ${AWS::URLSuffix}'", region="cn-north-1") == "aws-cn amazonaws.com.cn"
    assert _value("!Sub '${AWS::Partition} ${AWS::URLSuffix}'", region="us-gov-west-1") == "aws-us-gov amazonaws.com"


CONDITIONAL = """
Parameters:
  Wanted: {Type: String, Default: 'no', AllowedValues: ['yes', 'no']}
Conditions:
  IsWanted: !Equals [!Ref Wanted, 'yes']
  Both: !And [!Condition IsWanted, !Not [!Equals [!Ref 'AWS::Region', eu-west-1]]]
  Either: !Or [!Condition IsWanted, !Equals [!Ref 'AWS::Region', eu-west-1]]
Resources:
  Always:
    Type: AWS::SNS::Topic
    Properties: {Name: !If [IsWanted, named, !Ref 'AWS::NoValue'], List: [a, !If [Both, b, !Ref 'AWS::NoValue']]}
  Sometimes: {Type: 'AWS::SNS::Topic', Condition: Either}
"""


def test_conditions_and_no_value() -> None:
    """What does not hold is not made, and a value that is none is left out."""
    without, with_it = _stack(CONDITIONAL), _stack(CONDITIONAL, Wanted="yes")

    assert set(without.resources) == {"Always"}
    assert without.resources["Always"].properties == {"List": ["a"]}
    assert set(with_it.resources) == {"Always", "Sometimes"}
    assert with_it.resources["Always"].properties == {"Name": "named", "List": ["a", "b"]}
    assert set(_stack(CONDITIONAL, region="eu-west-1").resources) == {"Always", "Sometimes"}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("!Ref Nothing", "no such parameter or resource"),
        ("!GetAtt Group.Nonsense", "does not know it"),
        ("!ImportValue x", "does not know Fn::ImportValue"),
    ],
)
def test_what_is_not_known_is_refused(expression: str, said: str) -> None:
    """Nothing is half understood."""
    with pytest.raises(TemplateRefused, match=said):
        _value(expression)


def test_parameters_are_checked() -> None:
    """An unknown one, a value that is not allowed, and one that is missing."""
    with pytest.raises(TemplateRefused, match="no parameter Wnted"):
        _stack(CONDITIONAL, Wnted="yes")
    with pytest.raises(TemplateRefused, match="cannot be maybe"):
        _stack(CONDITIONAL, Wanted="maybe")
    with pytest.raises(TemplateRefused, match="needs a value"):
        _stack("{Parameters: {P: {Type: String}}, Resources: {}}")


def test_a_dependency_must_be_there() -> None:
    """CloudFormation refuses the whole template."""
    with pytest.raises(TemplateRefused, match="Topic depends on Nothing"):
        _stack("Resources: {Topic: {Type: 'AWS::SNS::Topic', DependsOn: Nothing}}")


def test_ids_stay_while_the_resource_does() -> None:
    """What goes and comes back is another one."""
    ids = Ids()
    two = "Resources: {A: {Type: 'AWS::SNS::Topic'}, B: {Type: 'AWS::SNS::Topic'}}"
    one = "Resources: {A: {Type: 'AWS::SNS::Topic'}}"

    first, without, again = (_stack(text, ids) for text in (two, one, two))

    assert first.resources["A"].physical_id == without.resources["A"].physical_id == again.resources["A"].physical_id
    assert first.resources["B"].physical_id != again.resources["B"].physical_id


def test_a_policys_version_is_no_date() -> None:
    """YAML would make one of it."""
    assert read("Resources: {A: {Version: 2012-10-17}}")["Resources"]["A"]["Version"] == "2012-10-17"


@pytest.mark.parametrize("text", ["a: [", "[]", "{Resources: []}", "just text"])
def test_what_is_no_template_is_said(text: str) -> None:
    """Neither YAML nor JSON, or without resources."""
    with pytest.raises(ValueError, match="template"):
        read(text)
