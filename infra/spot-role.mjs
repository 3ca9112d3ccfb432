// The service-linked role of Spot, which an account has after its first Spot instance. Batch cannot start one without it.
import { CreateServiceLinkedRoleCommand, ListRolesCommand } from '@aws-sdk/client-iam';

const AWSServiceName = 'spot.amazonaws.com';

/** Makes the role if the account does not have it. Resolves to whether it was made. */
export async function ensureSpotRole(client) {
  const { Roles = [] } = await client.send(
    new ListRolesCommand({ PathPrefix: `/aws-service-role/${AWSServiceName}/` }),
  );
  if (Roles.length > 0) return false;
  try {
    await client.send(new CreateServiceLinkedRoleCommand({ AWSServiceName }));
    return true;
  } catch (error) {
    // Another deployment has made it meanwhile.
    if (error.name === 'InvalidInputException') return false;
    throw error;
  }
}
