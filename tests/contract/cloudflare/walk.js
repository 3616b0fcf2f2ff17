// Steps on the stand-in by npm's cloudflare, the official SDK: `node walk.js STEP`. Each cleans up after itself.
// Where it lives and who we are is in the environment: CLOUDFLARE_BASE_URL, CLOUDFLARE_API_TOKEN, ACCOUNT.
const assert = require("node:assert/strict");
const Cloudflare = require("cloudflare");

const account = { account_id: process.env.ACCOUNT };
const sdk = new Cloudflare({ apiToken: process.env.CLOUDFLARE_API_TOKEN, maxRetries: 0 });
const { monitors, pools } = sdk.loadBalancers;
const API = "api.bond.example";

const all = async (pages) => {
  const rows = [];
  for await (const row of pages) rows.push(row);
  return rows;
};
const zone = async () => ({ zone_id: (await all(sdk.zones.list({ name: "bond.example" })))[0].id });
const origins = (name) => [{ name, address: `${name}.example`, header: { Host: [API] } }];
const pool = (name, more = {}) => pools.create({ ...account, name, origins: origins(name), ...more });
const refused = (call, status, code) =>
  assert.rejects(call, (error) => {
    assert.equal(error.status, status);
    assert.deepEqual(error.errors.map((each) => each.code), [code]);
    return true;
  });

const steps = {
  async zones() {
    assert.equal((await sdk.user.tokens.verify()).status, "active");
    const names = (await all(sdk.zones.list({ per_page: 5 }))).map((each) => each.name);
    assert.deepEqual(names, ["bond.example", "poor.example"]);
    const one = await sdk.zones.get(await zone());
    assert.deepEqual([one.name, one.status, one.account.id], ["bond.example", "active", process.env.ACCOUNT]);
  },

  async records() {
    const here = await zone();
    const record = { ...here, type: "CNAME", name: "www", content: "x.example", ttl: 300 };
    const made = await sdk.dns.records.create(record);
    assert.deepEqual([made.name, made.content, made.proxied], ["www.bond.example", "x.example", false]);
    const edited = await sdk.dns.records.edit(made.id, { ...record, content: "y.example", comment: "ours" });
    assert.deepEqual(await sdk.dns.records.get(made.id, here), edited);
    assert.deepEqual([edited.content, edited.comment, edited.ttl], ["y.example", "ours", 300]);
    const named = await all(sdk.dns.records.list({ ...here, name: { exact: "www.bond.example" } }));
    assert.deepEqual(named, [edited]);
    await sdk.dns.records.delete(made.id, here);
    await refused(sdk.dns.records.get(made.id, here), 404, 81044);
  },

  async monitors() {
    const made = await monitors.create({ ...account, type: "https", path: "/health", expected_codes: "200" });
    assert.deepEqual([made.method, made.retries, made.timeout, made.interval], ["GET", 2, 5, 60]);
    const edited = await monitors.edit(made.id, { ...account, timeout: 3, expected_codes: "200" });
    assert.deepEqual([edited.timeout, edited.path], [3, "/health"]);
    assert.deepEqual(await monitors.get(made.id, account), edited);
    assert.deepEqual(await all(monitors.list(account)), [edited]);
    await monitors.delete(made.id, account);
    assert.deepEqual(await all(monitors.list(account)), []);
  },

  async pools() {
    const made = await pool("heroku");
    assert.deepEqual(made.origins[0].header, { Host: [API] });
    const off = await pools.edit(made.id, { ...account, enabled: false });
    assert.deepEqual([off.enabled, typeof off.disabled_at], [false, "string"]);
    assert.deepEqual(await pools.get(made.id, account), off);
    assert.deepEqual(await all(pools.list(account)), [off]);
    await pools.delete(made.id, account);
    await refused(pools.get(made.id, account), 404, 1001);
  },

  async balancers() {
    const here = await zone();
    const [heroku, aws] = [await pool("heroku"), await pool("aws")];
    const weights = (first, second) => ({ default_weight: 0, pool_weights: { [heroku.id]: first, [aws.id]: second } });
    const made = await sdk.loadBalancers.create({
      ...here,
      name: API,
      proxied: true,
      default_pools: [heroku.id, aws.id],
      fallback_pool: heroku.id,
      steering_policy: "random",
      random_steering: weights(1, 0),
    });
    const shifted = await sdk.loadBalancers.edit(made.id, { ...here, random_steering: weights(0.75, 0.25) });
    assert.deepEqual(shifted.random_steering, weights(0.75, 0.25));
    assert.deepEqual([shifted.name, shifted.proxied, shifted.enabled], [API, true, true]);
    assert.deepEqual(await sdk.loadBalancers.get(made.id, here), shifted);
    assert.deepEqual(await all(sdk.loadBalancers.list(here)), [shifted]);
    await refused(pools.delete(heroku.id, account), 412, 1005);
    await sdk.loadBalancers.delete(made.id, here);
    assert.deepEqual(await all(sdk.loadBalancers.list(here)), []);
    for (const each of [heroku, aws]) await pools.delete(each.id, account);
  },

  async pagination() {
    const here = await zone();
    const before = (await all(sdk.dns.records.list(here))).length;
    const made = [];
    for (let each = 0; each < 7; each += 1) {
      const content = `"${each}"`;
      made.push(await sdk.dns.records.create({ ...here, type: "TXT", name: "many", content, ttl: 60 }));
    }
    const page = await sdk.dns.records.list({ ...here, per_page: 5 });
    assert.deepEqual([page.result.length, page.result_info.page, page.result_info.per_page], [5, 1, 5]);
    const ids = (await all(sdk.dns.records.list({ ...here, per_page: 5 }))).map((each) => each.id);
    assert.equal(ids.length, before + made.length);
    assert.equal(new Set(ids).size, ids.length);
    for (const each of made) await sdk.dns.records.delete(each.id, here);
  },

  async errors() {
    await refused(pool("no spaces"), 400, 1002);
    await refused(pools.get("0".repeat(32), account), 404, 1001);
    await refused(sdk.dns.records.create({ ...(await zone()), type: "A", name: "x", content: "999.0.2.1" }), 400, 9005);
    const stranger = new Cloudflare({ apiToken: "x".repeat(40), maxRetries: 0 });
    await refused(stranger.zones.list(), 403, 9109);
  },
};

steps[process.argv[2]]();
