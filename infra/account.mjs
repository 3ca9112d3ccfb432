// The account that Serverless deploys to, as clients of AWS see it.

/** osls gives its own configuration, with the profile that the command line names. Serverless 3 leaves it to the environment. */
export const awsConfiguration = async (provider) =>
  provider.getAwsSdkV3Config ? provider.getAwsSdkV3Config() : { region: provider.getRegion() };
