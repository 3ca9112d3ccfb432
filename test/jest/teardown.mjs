/** Stops the moto that the set-up started. */
export default async function tearDown() {
  await globalThis.motoForTests?.stop();
}
