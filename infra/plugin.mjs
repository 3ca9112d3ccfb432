// A plugin of Serverless for what serverless.yml cannot express. It refuses in one sentence each what cannot be deployed, before anything is
// built or changed. It provides the training image and the network that training runs in, keeps the image repository small, and prints
// what `remove` does not delete.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { buildHere, findBuilt, provideImage, tagOf } from './built-image.mjs';
import { findDockerProblems } from './docker.mjs';
import { keepNewestImages, requireImage } from './image-repository.mjs';
import { findNetwork } from './network.mjs';
import { findProblems } from './problems.mjs';

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

/** Batch's GPU machines have this processor. */
const trainingPlatform = 'linux/amd64';

/** The hooks of this service's deployment. */
class DeploymentPlugin {
  constructor(serverless, options, { log, progress }) {
    this.serverless = serverless;
    this.options = options;
    this.provider = serverless.getProvider('aws');
    this.log = log;
    this.progress = progress;
    this.hooks = {
      // Serverless resolves variables only after it has created its plugins.
      initialize: async () => {
        this.refuse(findProblems(this.serverless, this.options));
        if (serverless.processedInput.commands.join(' ') === 'deploy') await this.checkDeployment();
      },
      'before:package:initialize': () => this.provideFunctionImage(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.nameTrainingImageByTag(),
      'before:deploy:deploy': () => this.provideTrainingImage(),
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

  /** Whether the training image is built, and not named by its digest or left out. */
  get buildsTraining() {
    return this.settings.trainingImage === 'build';
  }

  /** What infra/built-image.mjs asks for: an image of this checkout in the repository of the stage. */
  describeImage(parameter) {
    const platform = parameter === 'image' ? this.settings.platform : trainingPlatform;
    const repositoryName = this.provider.naming.getEcrRepositoryName();
    return { parameter, root: this.serverless.serviceDir, platform, repositoryName };
  }

  /** Asks the machine and the account for all that a deployment needs, before it builds or changes anything. */
  async checkDeployment() {
    if (await this.mustBuildHere()) this.refuse(findDockerProblems());
    await this.requireImages();
    await this.findNetwork();
  }

  async mustBuildHere() {
    const registry = new ECRClient(await awsConfiguration(this.provider));
    const built = ['image', 'trainingImage'].filter((parameter) => this.settings[parameter] === 'build');
    const digests = await Promise.all(built.map((parameter) => findBuilt(registry, this.describeImage(parameter))));
    return digests.includes(undefined);
  }

  async requireImages() {
    const configuration = await awsConfiguration(this.provider);
    const openClient = (region) => new ECRClient({ ...configuration, region });
    try {
      await requireImage(openClient, 'image', this.settings.image);
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

  async provideImage(parameter) {
    const registry = new ECRClient(await awsConfiguration(this.provider));
    const progress = this.progress.get(parameter);
    const build = async (request, report) => {
      this.refuse(findDockerProblems());
      await this.provider.dockerLoginToEcr();
      return buildHere(request, report);
    };
    try {
      const request = { ...this.describeImage(parameter), ...(await this.provider.getOrCreateEcrRepository(true, 0)) };
      const [log, tell] = [(line) => this.log.notice(line), (line) => progress.notice(line)];
      return await provideImage(request, { registry, build, log, tell });
    } catch (error) {
      return this.refuse([error.message]);
    } finally {
      progress.remove();
    }
  }

  /** Gives Serverless the digest in place of the Dockerfile. */
  async provideFunctionImage() {
    if (this.settings.image !== 'build') return;
    this.serverless.service.provider.ecr.images.service = await this.provideImage('image');
  }

  setTrainingImage(image) {
    const { TrainingJob } = this.serverless.service.provider.compiledCloudFormationTemplate.Resources;
    TrainingJob.Properties.ContainerProperties.Image = image;
  }

  /** A package names the training image by the tag of its content, because it is not built yet. A deployment puts the digest there. */
  nameTrainingImageByTag() {
    if (!this.buildsTraining) return;
    const request = this.describeImage('trainingImage');
    const address = `\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.\${AWS::URLSuffix}`;
    this.setTrainingImage({ 'Fn::Sub': `${address}/${request.repositoryName}:${tagOf(request)}` });
  }

  async provideTrainingImage() {
    if (this.buildsTraining) this.setTrainingImage(await this.provideImage('trainingImage'));
  }

  async keepNewestImages() {
    if (this.settings.image !== 'build' && !this.buildsTraining) return;
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
