// A plugin of Serverless for what serverless.yml cannot express. It refuses bad parameters in one sentence each, before anything is built or
// changed. It finds the network that training runs in, keeps the image repository small, and prints what `remove` does not delete.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { keepNewestImages, requireImage } from './image-repository.mjs';
import { findNetwork } from './network.mjs';
import { findDockerProblems, findProblems } from './problems.mjs';

/** osls gives its own configuration, with the profile that the command line names. Serverless 3 leaves it to the environment. */
const awsConfiguration = async (provider) =>
  provider.getAwsSdkV3Config ? provider.getAwsSdkV3Config() : { region: provider.getRegion() };

const isMissing = (error) => error.name === 'ValidationError' && /does not exist/.test(error.message);

/** An output of the stack; undefined if the stack or the output does not exist. */
export async function readOutput(client, StackName, key) {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The hooks of this service's deployment. */
class DeploymentPlugin {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.options = options;
    this.provider = serverless.getProvider('aws');
    this.log = log;
    this.hooks = {
      // Serverless resolves variables only after it has created its plugins.
      initialize: () => this.refuse(findProblems(this.serverless, this.options)),
      'before:package:initialize': () => this.logInToRegistry(),
      'before:deploy:deploy': async () => {
        await this.requireImages();
        await this.findNetwork();
      },
      // The stack is first created from a template without parameters.
      'before:aws:deploy:deploy:updateStack': () => this.passNetwork(),
      'after:deploy:deploy': () => this.keepNewestImages(),
      'before:remove:remove': () => this.readBucket(),
      'after:remove:remove': () => this.printBucket(),
    };
  }

  get settings() {
    return this.serverless.service.custom.settings;
  }

  refuse(problems) {
    if (problems.length > 0) throw new this.serverless.classes.Error(problems.join('\n'), 'DEPLOYMENT_REFUSED');
  }

  /**
   * Checks the command `docker` first. Serverless creates the repository and logs in only after a push that Docker refused
   * with its own message; Podman behind `docker` has other messages. The user learns what is missing before anything is made.
   */
  async logInToRegistry() {
    if (this.settings.image) return;
    await this.provider.ensureDockerIsAvailable();
    this.refuse(findDockerProblems());
    await this.provider.dockerLoginToEcr();
  }

  async requireImages() {
    const configuration = await awsConfiguration(this.provider);
    const openClient = (region) => new ECRClient({ ...configuration, region });
    try {
      await requireImage(openClient, 'image', this.settings.image ?? '');
      await requireImage(openClient, 'trainingImage', this.settings.trainingImage ?? '');
    } catch (error) {
      this.refuse([error.message]);
    }
  }

  async findNetwork() {
    if (this.settings.training === 'off') return;
    try {
      this.network = await findNetwork(
        new EC2Client(await awsConfiguration(this.provider)),
        this.settings.trainingSubnets,
      );
    } catch (error) {
      this.refuse([error.message]);
    }
  }

  passNetwork() {
    if (this.network) this.serverless.service.provider.stackParameters = this.network;
  }

  async keepNewestImages() {
    if (this.settings.image) return;
    const client = new ECRClient(await awsConfiguration(this.provider));
    await keepNewestImages(client, this.provider.naming.getEcrRepositoryName());
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
