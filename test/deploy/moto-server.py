"""moto's server for whole deployments, corrected where it refuses what AWS takes. Arguments: those of `moto_server`."""

import json
from typing import Any

from moto.batch.models import ComputeEnvironment
from moto.cloudformation.models import CloudFormationBackend
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.server import main

# AWS validates syntax here. moto runs cfn-lint and refuses the template for any warning; test/infra/lint.mjs runs
# cfn-lint with the reasons for those that stand.
CloudFormationBackend.validate_template = lambda self, template: []

SERVICE_ROLE = "AWSServiceRoleForBatch"
create_environment = ComputeEnvironment.create_from_cloudformation_json


def service_role(iam: IAMBackend) -> str:
    """Address of the role that Batch has in every account."""
    for role in iam.get_roles():
        if role.name == SERVICE_ROLE:
            return str(role.arn)
    path = "/aws-service-role/batch.amazonaws.com/"
    role = iam.create_role(SERVICE_ROLE, json.dumps({}), path, None, "", [], 3600)
    return str(role.arn)


def create_from_cloudformation_json(
    cls: type, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **kwargs: Any
) -> ComputeEnvironment:
    """AWS takes the service-linked role where none is named. moto wants a name."""
    properties = cloudformation_json["Properties"]
    properties.setdefault("ServiceRole", service_role(iam_backends[account_id]["aws"]))
    return create_environment(resource_name, cloudformation_json, account_id, region_name, **kwargs)


ComputeEnvironment.create_from_cloudformation_json = classmethod(create_from_cloudformation_json)

put_policy = Role.put_policy


def put_text_policy(role: Role, name: str, policy: str | dict[str, Any]) -> None:
    """moto stores a template's policies in Python's own notation, which is not JSON."""
    put_policy(role, name, policy if isinstance(policy, str) else json.dumps(policy))


Role.put_policy = put_text_policy

main()
