// A promoter's process: its parent sends it versions, and it tells what came of each.
const [module, uri, way] = process.argv.slice(2);
const { servePromotions } = await import(module);
servePromotions(uri, way);
