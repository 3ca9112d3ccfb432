// The pipeline of @huggingface/transformers as an engine. Arguments: see `readPipelineOptions`.
import { answerOrders } from './order-loop.ts';
import { loadPipeline, readPipelineOptions } from './pipeline.ts';

const { about, classify } = await loadPipeline(readPipelineOptions(process.argv.slice(2)));
await answerOrders(about, classify);
