// What serverless.yml cannot say: refuse bad parameters in one sentence each, before anything is built or changed; find the
// network that training runs in; keep the image repository small; say what `remove` leaves behind.
// A plain plugin of Serverless Framework 3, so that version 3 and osls load it alike.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { EC2Client } = require('@aws-sdk/client-ec2');
const { ECRClient } = require('@aws-sdk/client-ecr');
const { findProblems } = require('./problems.cjs');
const { findDockerProblems } = require('./docker.cjs');
const { keepNewestImages, requireImage } = require('./image-repository.cjs');
const { findNetwork } = require('./network.cjs');
const { readOutput } = require('./stack.cjs');

/** osls gives its own configuration, with the profile that the command line names; version 3 leaves it to the environment. */
const awsConfiguration = async (provider) =>
  provider.getAwsSdkV3Config ? provider.getAwsSdkV3Config() : { region: provider.getRegion() };

/** The hooks of this service's deployment. */
class DeploymentPlugin {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.options = options;
    this.provider = serverless.getProvider('aws');
    this.log = log;
    this.hooks = {
      // Not earlier: variables are resolved after plugins are made.
      initialize: () => this.refuse(findProblems(this.serverless, this.options)),
      'before:package:initialize': () => this.logInToRegistry(),
      'before:deploy:deploy': async () => {
        await this.requireImages();
        await this.findNetwork();
      },
      // Not earlier: the stack is first created from a template that has no parameters.
      'before:aws:deploy:deploy:updateStack': () => this.passNetwork(),
      'after:deploy:deploy': () => this.keepNewestImages(),
      'before:remove:remove': () => this.rememberBucket(),
      'after:remove:remove': () => this.tellBucket(),
    };
  }

  get settings() {
    return this.serverless.service.custom.settings;
  }

  refuse(problems) {
    if (problems.length > 0) throw new this.serverless.classes.Error(problems.join('\n'), 'DEPLOYMENT_REFUSED');
  }

  /**
   * Serverless logs in only after a push that Docker refused in Docker's own words, and makes the repository before. With
   * podman behind `docker` the words are others. And what is missing on this machine should be told before anything is made.
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

  async rememberBucket() {
    if (this.settings.storage === 'existing') return;
    const client = new CloudFormationClient(await awsConfiguration(this.provider));
    this.bucket = await readOutput(client, this.provider.naming.getStackName(), 'ModelBucketName');
  }

  tellBucket() {
    if (!this.bucket) return;
    this.log.notice(
      `The models are kept in the bucket ${this.bucket}. To use it again: serverless deploy --param bucket=${this.bucket}. ` +
        'docs/deploy.md says how to delete it.',
    );
  }
}

module.exports = DeploymentPlugin;
