// A plugin of Serverless for the images of a deployment (decision 0070). It provides the image of the functions before Serverless makes the
// template, and the training image before CloudFormation sees it. Each is built only if the stage's repository does not have it.
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { awsConfiguration } from './account.mjs';
import { ensureBuilder, removeBuilder } from './builder-stack.mjs';
import { buildHere, findBuilt, provideImage, tagOf } from './built-image.mjs';
import { buildInAccount } from './code-build.mjs';
import { findDockerProblems } from './docker.mjs';
import { deleteRepository, keepNewestImages } from './image-repository.mjs';
import { refuse } from './problems.mjs';
import { findStack } from './stack.mjs';

/** Batch's GPU machines have this processor. */
const trainingPlatform = 'linux/amd64';

class ImagePlugin {
  constructor(serverless, _options, { log, progress }) {
    this.serverless = serverless;
    this.provider = serverless.getProvider('aws');
    this.log = log;
    this.progress = progress;
    this.hooks = {
      initialize: async () => {
        if (serverless.processedInput.commands.join(' ') === 'deploy') await this.checkDocker();
      },
      'before:package:initialize': () => this.provideFunctionImage(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.nameTrainingImageByTag(),
      'before:deploy:deploy': () => this.provideTrainingImage('build'),
      // CodeBuild reads its source from the deployment bucket, which the first step of a deployment makes.
      'after:aws:deploy:deploy:createStack': () => this.provideTrainingImage('codebuild'),
      'after:deploy:deploy': () => this.keepNewestImages(),
      'before:remove:remove': () => this.removeWhatServerlessLeaves(),
    };
  }

  get settings() {
    return this.serverless.service.custom.settings;
  }

  /** Whether the training image is built, and not named by its digest or left out. */
  get buildsTraining() {
    return ['build', 'codebuild'].includes(this.settings.trainingImage);
  }

  get builderName() {
    return `${this.provider.naming.getStackName()}-builder`;
  }

  /** What infra/built-image.mjs asks for: an image of this checkout in the repository of the stage. */
  describeImage(parameter) {
    const platform = parameter === 'image' ? this.settings.platform : trainingPlatform;
    const repositoryName = this.provider.naming.getEcrRepositoryName();
    const base = this.settings[`${parameter}Base`];
    return { parameter, root: this.serverless.serviceDir, platform, base, repositoryName };
  }

  /** The user learns that docker is missing before anything is made. */
  async checkDocker() {
    const registry = new ECRClient(await awsConfiguration(this.provider));
    const built = ['image', 'trainingImage'].filter((parameter) => this.settings[parameter] === 'build');
    const digests = await Promise.all(built.map((parameter) => findBuilt(registry, this.describeImage(parameter))));
    if (digests.includes(undefined)) refuse(this.serverless, findDockerProblems());
  }

  async buildHere(request, report) {
    refuse(this.serverless, findDockerProblems());
    await this.provider.dockerLoginToEcr();
    return buildHere(request, report);
  }

  async buildInAccount(request, report) {
    const configuration = await awsConfiguration(this.provider);
    const bucket = await this.provider.getServerlessDeploymentBucketName();
    const project = this.builderName;
    const values = { Bucket: bucket, Repository: request.repositoryName };
    await ensureBuilder(new CloudFormationClient(configuration), project, values);
    const clients = {
      codeBuild: new CodeBuildClient(configuration),
      logs: new CloudWatchLogsClient(configuration),
      registry: new ECRClient(configuration),
      s3: new S3Client(configuration),
    };
    return buildInAccount({ ...request, bucket, project }, clients, report);
  }

  async provideImage(parameter) {
    const registry = new ECRClient(await awsConfiguration(this.provider));
    const progress = this.progress.get(parameter);
    const build = (request, report) =>
      this.settings[parameter] === 'codebuild' ? this.buildInAccount(request, report) : this.buildHere(request, report);
    try {
      const request = { ...this.describeImage(parameter), ...(await this.provider.getOrCreateEcrRepository(true, 0)) };
      const log = (line) => this.log.notice(line);
      // A terminal shows the last line; --verbose prints them all.
      const tell = (line) => {
        progress.notice(line);
        this.log.info(line);
      };
      return await provideImage(request, { registry, build, log, tell });
    } catch (error) {
      return refuse(this.serverless, [error.message]);
    } finally {
      progress.remove();
    }
  }

  /** Gives Serverless the digest in place of the Dockerfile. */
  async provideFunctionImage() {
    if (this.settings.image !== 'build') return;
    this.serverless.service.provider.ecr.images.service = await this.provideImage('image');
  }

  async provideTrainingImage(how) {
    if (this.settings.trainingImage === how) this.setTrainingImage(await this.provideImage('trainingImage'));
  }

  /** A package names the training image by the tag of its content, because it is not built yet. A deployment puts the digest there. */
  nameTrainingImageByTag() {
    if (!this.buildsTraining) return;
    const request = this.describeImage('trainingImage');
    const address = `\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.\${AWS::URLSuffix}`;
    this.setTrainingImage({ 'Fn::Sub': `${address}/${request.repositoryName}:${tagOf(request)}` });
  }

  setTrainingImage(image) {
    const { TrainingJob } = this.serverless.service.provider.compiledCloudFormationTemplate.Resources;
    TrainingJob.Properties.ContainerProperties.Image = image;
  }

  async keepNewestImages() {
    if (this.settings.image !== 'build' && !this.buildsTraining) return;
    const client = new ECRClient(await awsConfiguration(this.provider));
    await keepNewestImages(client, this.provider.naming.getEcrRepositoryName());
  }

  /** Serverless deletes the repository after the stack; without a stack, as after a first build that failed, it does not get there. */
  async removeWhatServerlessLeaves() {
    const configuration = await awsConfiguration(this.provider);
    const cloudFormation = new CloudFormationClient(configuration);
    await removeBuilder(cloudFormation, this.builderName);
    if (await findStack(cloudFormation, this.provider.naming.getStackName())) return;
    await deleteRepository(new ECRClient(configuration), this.provider.naming.getEcrRepositoryName());
  }
}

// The result of require() of this ES module: Serverless 3 does not read a default export.
export { ImagePlugin as 'module.exports' };
