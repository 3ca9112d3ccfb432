"""moto's server for whole deployments, corrected where it refuses what AWS takes. Arguments: those of `moto_server`."""

import json
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths
from moto.batch.models import ComputeEnvironment
from moto.cloudformation.models import CloudFormationBackend
from moto.codebuild.models import codebuild_backends
from moto.codebuild.responses import CodeBuildResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult
from moto.ecr.models import ecr_backends
from moto.firehose.models import firehose_backends
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


def get_account_settings(response: LambdaResponse) -> str:
    """moto has no quotas. This account is a new one."""
    limits = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    return json.dumps({"AccountLimit": limits, "AccountUsage": {"FunctionCount": 0}})


LambdaResponse.get_account_settings = get_account_settings
url_paths["{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def leave_in_queue(backend: LambdaBackend, function_arn: str, messages: list[Any], queue_arn: str) -> bool:
    """moto calls the function of a queue at once, by Docker. Here the test takes the messages and calls it."""
    return False


LambdaBackend.send_sqs_batch = leave_in_queue


class DeliveryStream(CloudFormationModel):
    """A delivery stream of Firehose, which moto makes by its API only."""

    # moto reads the service from the module's name.
    __module__ = "moto.firehose.stack"

    def __init__(self, name: str, arn: str) -> None:
        self.physical_resource_id = name
        self.arn = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "DeliveryStreamName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::KinesisFirehose::DeliveryStream"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self.arn

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **kwargs: Any
    ) -> "DeliveryStream":
        given = cloudformation_json["Properties"]
        backend = firehose_backends[account_id][region_name]
        others = ("redshift", "elasticsearch", "splunk", "http_endpoint", "snowflake", "iceberg")
        arn = backend.create_delivery_stream(
            region=region_name,
            delivery_stream_name=resource_name,
            delivery_stream_type=given["DeliveryStreamType"],
            kinesis_stream_source_configuration={},
            delivery_stream_encryption_configuration_input={},
            s3_destination_configuration={},
            extended_s3_destination_configuration=given["ExtendedS3DestinationConfiguration"],
            tags=[],
            **{f"{name}_destination_configuration": {} for name in others},
        )
        return cls(resource_name, arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "DeliveryStream",
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> "DeliveryStream":
        """Makes it anew under its name. AWS changes it in place."""
        name = original_resource.physical_resource_id
        cls.delete_from_cloudformation_json(name, cloudformation_json, account_id, region_name)
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
    ) -> None:
        firehose_backends[account_id][region_name].delete_delivery_stream(resource_name)


class Project(CloudFormationModel):
    """A project of CodeBuild, which moto makes by its API only."""

    __module__ = "moto.codebuild.stack"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CodeBuild::Project"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **kwargs: Any
    ) -> "Project":
        given = cloudformation_json["Properties"]
        names = ("description", "tags", "cache", "timeout", "queued_timeout", "source_version")
        others = dict.fromkeys((*names, "logs_config", "vpc_config"))
        codebuild_backends[account_id][region_name].create_project(
            project_name=given["Name"],
            project_source=given["Source"],
            artifacts=given["Artifacts"],
            environment=given["Environment"],
            service_role=given["ServiceRole"],
            **others,
        )
        return cls(given["Name"])

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
    ) -> None:
        codebuild_backends[account_id][region_name].delete_project(resource_name)


def start_pushing_build(response: CodeBuildResponse) -> ActionResult:
    """moto's builds succeed at once. This one also pushes an image, with the name that the build is told."""
    variables = {one["name"]: one["value"] for one in response._get_param("environmentVariablesOverride")}
    repository, tag = variables["IMAGE"].split("/", 1)[1].split(":")
    manifest = json.dumps({"schemaVersion": 2, "source": response._get_param("sourceLocationOverride")})
    ecr = ecr_backends[response.current_account][response.region]
    ecr.put_image(repository, manifest, tag, "application/vnd.oci.image.manifest.v1+json", f"sha256:{'b' * 64}")
    return ActionResult({"build": response.codebuild_backend.start_build(response._get_param("projectName"))})


CodeBuildResponse.start_build = start_pushing_build

main()
