// A plugin of Serverless for what serverless.yml cannot express. It refuses in one sentence each what cannot be deployed, before anything is
// built or changed. It fits the deployment to the account: the network that training runs in, the quota of concurrent executions, Spot's
// role. It prints what `remove` does not delete. infra/image-plugin.mjs provides the images.
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsConfiguration } from './account.mjs';
import { fitConcurrency } from './concurrency.mjs';
import { requireImage, resolveTag } from './image-repository.mjs';
import { findNetwork } from './network.mjs';
import { findProblems, refuse } from './problems.mjs';
import { ensureSpotRole } from './spot-role.mjs';
import { readOutput } from './stack.mjs';

/** The hooks of this service's deployment. */
class DeploymentPlugin {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.options = options;
    this.provider = serverless.getProvider('aws');
    this.log = log;
    this.hooks = {
      // Serverless resolves variables only after it has created its plugins.
      initialize: async () => {
        refuse(serverless, await this.findProblems());
        if (serverless.processedInput.commands.join(' ') !== 'deploy') return;
        await this.refuseFailure(() => this.requireImages());
        await this.refuseFailure(() => this.findNetwork());
      },
      'before:deploy:deploy': () => this.refuseFailure(() => this.fitConcurrency()),
      // The stack is first created from a template without parameters.
      'before:aws:deploy:deploy:updateStack': async () => {
        await this.ensureSpotRole();
        this.passNetwork();
      },
      'before:remove:remove': () => this.readBucket(),
      'after:remove:remove': () => this.printBucket(),
    };
  }

  get settings() {
    return this.serverless.service.custom.settings;
  }

  /** Ends the deployment with the message of an error, in place of its stack. */
  async refuseFailure(step) {
    try {
      await step();
    } catch (error) {
      refuse(this.serverless, [error.message]);
    }
  }

  /** A function that gives a client of ECR for a region. */
  async createEcrOpener() {
    const configuration = await awsConfiguration(this.provider);
    return (region) => new ECRClient({ ...configuration, region });
  }

  /** An image by its tag is refused with the digest that the tag has now. */
  async findProblems() {
    const problems = findProblems(this.serverless, this.options);
    const { image, trainingImage } = this.settings.texts;
    for (const [name, text] of Object.entries({ image, trainingImage })) {
      const index = problems.findIndex((problem) => problem.startsWith(`${name} must be `));
      const digest = index >= 0 && (await resolveTag(await this.createEcrOpener(), text));
      if (digest)
        problems[index] =
          `${name} is ${text}, a tag, which can move. Name the digest that it has now: --param ${name}=${digest}`;
    }
    return problems;
  }

  async requireImages() {
    const openClient = await this.createEcrOpener();
    await requireImage(openClient, 'image', this.settings.image);
    await requireImage(openClient, 'trainingImage', this.settings.trainingImage ?? '');
  }

  async findNetwork() {
    if (this.settings.training === 'off') return;
    const client = new EC2Client(await awsConfiguration(this.provider));
    this.network = await findNetwork(client, this.settings.trainingSubnets);
  }

  passNetwork() {
    if (this.network) this.serverless.service.provider.stackParameters = this.network;
  }

  async fitConcurrency() {
    const { compiledCloudFormationTemplate: template } = this.serverless.service.provider;
    const client = new LambdaClient(await awsConfiguration(this.provider));
    const lowered = await fitConcurrency(client, template, this.settings.provisionedConcurrency);
    if (lowered) this.log.warning(lowered);
  }

  async ensureSpotRole() {
    if (this.settings.training === 'off') return;
    try {
      const made = await ensureSpotRole(new IAMClient(await awsConfiguration(this.provider)));
      if (made) this.log.notice("Spot's service-linked role was missing in this account and is made.");
    } catch (error) {
      this.log.warning(
        `Spot's service-linked role may be missing (${error.message}). Training then starts on demand only, until somebody runs: ` +
          'aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
      );
    }
  }

  async readBucket() {
    if (this.settings.storage === 'existing') return;
    const client = new CloudFormationClient(await awsConfiguration(this.provider));
    this.bucket = await readOutput(client, this.provider.naming.getStackName(), 'ModelBucketName');
  }

  printBucket() {
    if (!this.bucket) return;
    this.log.notice(
      `The models are kept in the bucket ${this.bucket}. To use it again: serverless deploy --param bucket=${this.bucket}. ` +
        'docs/deploy.md says how to delete it.',
    );
  }
}

// The result of require() of this ES module: Serverless 3 does not read a default export.
export { DeploymentPlugin as 'module.exports' };
