// Uses a simulated kintone through kintone's own client. Every call is counted, and every answer is looked at.
// Usage: node check.mjs BASE_URL TOKEN GUEST_TOKEN PASSWORD
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { KintoneRestAPIClient } from "@kintone/rest-api-client";

const [baseUrl, apiToken, guestToken, password] = process.argv.slice(2);
const client = new KintoneRestAPIClient({ baseUrl, auth: { apiToken } });
const app = 1;
let calls = 0;

/** One call; gives its answer. */
async function ok(call) {
  calls += 1;
  return call;
}

/** One call that must be refused like that; gives the error. */
async function refused(call, status, code) {
  calls += 1;
  const error = await call.then(
    () => assert.fail(`not refused with ${code}`),
    (reason) => reason,
  );
  assert.equal(error.status, status, `${code}: ${error.message}`);
  assert.equal(error.code, code);
  assert.equal(typeof error.id, "string");
  return error;
}

const text = (value) => ({ value });

// ── One record ────────────────────────────────────────────────────────────────────────────────────────────────────
const added = await ok(client.record.addRecord({ app, record: { tel: text("03-1234-5678"), name: text("山田 太郎") } }));
assert.deepEqual(added, { id: "1", revision: "1" });
const { record } = await ok(client.record.getRecord({ app, id: added.id }));
assert.deepEqual(record.$id, { type: "__ID__", value: "1" });
assert.deepEqual(record.$revision, { type: "__REVISION__", value: "1" });
assert.deepEqual(record.tel, { type: "SINGLE_LINE_TEXT", value: "03-1234-5678" });
assert.equal(record.rank.value, "B", "the default of a field that was not written");
assert.match(record["更新日時"].value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/, "times have minutes, not seconds");
assert.equal(record["作成者"].value.code, "Administrator");
const updated = await ok(client.record.updateRecord({ app, id: 1, record: { name: text("山田 次郎") }, revision: 1 }));
assert.deepEqual(updated, { revision: "2" });
const byKey = { field: "tel", value: "03-1234-5678" };
assert.deepEqual(await ok(client.record.updateRecord({ app, updateKey: byKey, record: { age: text(42) } })), { revision: "3" });
const inserted = await ok(client.record.upsertRecord({ app, updateKey: { field: "tel", value: "0312" }, record: { name: text("新") } }));
assert.deepEqual(inserted, { id: "2", revision: "1" });
const changed = await ok(client.record.upsertRecord({ app, updateKey: { field: "tel", value: "0312" }, record: { name: text("旧") } }));
assert.deepEqual(changed, { id: "2", revision: "2" });

// ── Several records ───────────────────────────────────────────────────────────────────────────────────────────────
const many = await ok(client.record.addRecords({ app, records: [{ tel: text("090-1") }, { tel: text("090-2"), tags: text(["VIP"]) }] }));
assert.deepEqual(many, { ids: ["3", "4"], revisions: ["1", "1"], records: [{ id: "3", revision: "1" }, { id: "4", revision: "1" }] });
const spellings = 'tel in ("03-1234-5678", "0312345678") or name in ("山田 \\"x\\" \\\\")';
const found = await ok(client.record.getRecords({ app, fields: ["$id", "tel", "name"], query: `${spellings} order by $id asc limit 3`, totalCount: true }));
assert.equal(found.totalCount, "1");
assert.deepEqual(Object.keys(found.records[0]).sort(), ["$id", "name", "tel"]);
const uncounted = await ok(client.record.getRecords({ app, query: 'tags in ("VIP")' }));
assert.equal(uncounted.totalCount, null);
assert.deepEqual(uncounted.records.map((one) => one.$id.value), ["4"]);
const long = Array.from({ length: 200 }, (_, n) => `"${String(n).padStart(30, "0")}"`).join(",");
const byPost = await ok(client.record.getRecords({ app, query: `tel in (${long},"090-1") order by $id desc` }));
assert.deepEqual(byPost.records.map((one) => one.$id.value), ["3"], "an address above 4096 characters goes by POST");
assert.equal((await ok(client.record.getRecords({ app, query: 'age > 41 and tel != "" order by 更新日時 desc, $id asc' }))).records.length, 1);
assert.equal((await ok(client.record.getRecords({ app, query: 'tel like "1234"' }))).records.length, 1, "like finds whole words");
assert.equal((await ok(client.record.getRecords({ app, query: 'tel like "12345678"' }))).records.length, 0);
const several = await ok(client.record.updateRecords({ app, records: [
  { id: 3, record: { name: text("三") }, revision: -1 }, { updateKey: { field: "tel", value: "090-2" }, record: { name: text("四") } }] }));
assert.deepEqual(several.records, [{ id: "3", revision: "2" }, { id: "4", revision: "2" }]);
const upserted = await ok(client.record.updateRecords({ app, upsert: true, records: [
  { updateKey: { field: "tel", value: "090-3" }, record: { name: text("五") } },
  { updateKey: { field: "tel", value: "090-1" }, record: { name: text("三三") } }] }));
assert.deepEqual(upserted.records, [{ id: "5", operation: "INSERT", revision: "1" }, { id: "3", operation: "UPDATE", revision: "3" }]);
assert.deepEqual(await ok(client.record.addRecords({ app, records: [] })), { ids: [], revisions: [], records: [] });

// ── Refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────
const conflict = await refused(client.record.updateRecord({ app, id: 1, record: {}, revision: 1 }), 409, "GAIA_CO02");
assert.equal(conflict.headers["x-cybozu-error"], "GAIA_CO02");
const invalid = await refused(client.record.addRecord({ app, record: { tel: text("090-1"), age: text("old") } }), 400, "CB_VA01");
assert.deepEqual(Object.keys(invalid.errors), ["record[age].value"], "the place of what is no number has brackets");
const twice = await refused(client.record.addRecord({ app, record: { tel: text("090-1") } }), 400, "CB_VA01");
assert.deepEqual(twice.errors["record.tel.value"].messages, ["This value already exists in another record."]);
const bulk = await refused(client.record.addRecords({ app, records: [{ tel: text("090-4") }, { rank: text("Z") }] }), 400, "CB_VA01");
assert.deepEqual(Object.keys(bulk.errors), ["records[1].rank.value"]);
await refused(client.record.getRecord({ app, id: 999 }), 404, "GAIA_RE01");
await refused(client.record.getRecords({ app: 99 }), 404, "GAIA_AP01");
await refused(client.record.getRecords({ app, query: 'nobody = "x"' }), 400, "GAIA_IQ11");
await refused(client.record.getRecords({ app, query: 'tel > "1"' }), 400, "GAIA_IQ03");
await refused(client.record.getRecords({ app, query: "limit 501" }), 400, "GAIA_QU01");
await refused(client.record.getRecords({ app, query: "offset 10001" }), 400, "GAIA_QU02");
await refused(client.record.getRecords({ app, query: "tel = 'x'" }), 400, "CB_VA01");
await refused(client.record.updateRecord({ app, updateKey: { field: "name", value: "x" }, record: {} }), 400, "GAIA_IQ27");
await refused(client.record.updateRecord({ app, updateKey: { field: "tel", value: "none" }, record: {} }), 404, "GAIA_RE20");
await ok(client.record.addRecord({ app, record: { no_such_field: text("x") } }));
const wrong = new KintoneRestAPIClient({ baseUrl, auth: { apiToken: "wrong" } });
await refused(wrong.record.getRecords({ app }), 400, "GAIA_IA02");
const stranger = new KintoneRestAPIClient({ baseUrl, auth: { username: "sato", password: "wrong" } });
await refused(stranger.record.getRecords({ app }), 401, "CB_WA01");

// ── Cursors ───────────────────────────────────────────────────────────────────────────────────────────────────────
const cursor = await ok(client.record.createCursor({ app, fields: ["$id"], query: "order by $id asc", size: 4 }));
assert.equal(cursor.totalCount, "6");
const first = await ok(client.record.getRecordsByCursor({ id: cursor.id }));
assert.deepEqual([first.next, first.records.length], [true, 4]);
const last = await ok(client.record.getRecordsByCursor({ id: cursor.id }));
assert.deepEqual([last.next, last.records.map((one) => one.$id.value)], [false, ["5", "6"]]);
await refused(client.record.getRecordsByCursor({ id: cursor.id }), 404, "GAIA_CN01");
const unread = await ok(client.record.createCursor({ app }));
assert.deepEqual(await ok(client.record.deleteCursor({ id: unread.id })), {});
await refused(client.record.createCursor({ app, query: "limit 3" }), 400, "CB_VA01");

// ── Everything, in the three ways of the client ───────────────────────────────────────────────────────────────────
const rows = Array.from({ length: 250 }, (_, n) => ({ tel: text(`080-${n}`) }));
assert.equal((await ok(client.record.addAllRecords({ app, records: rows }))).records.length, 250);
assert.equal((await ok(client.record.getAllRecords({ app }))).length, 256);
assert.equal((await ok(client.record.getAllRecordsWithId({ app, condition: 'tel != ""' }))).length, 255);
assert.equal((await ok(client.record.getAllRecordsWithOffset({ app, orderBy: "$id asc" }))).length, 256);
assert.equal((await ok(client.record.getAllRecordsWithCursor({ app, query: "order by $id asc" }))).length, 256);
const renamed = Array.from({ length: 150 }, (_, n) => ({ id: 7 + n, record: { name: text("改") } }));
assert.equal((await ok(client.record.updateAllRecords({ app, records: renamed }))).records.length, 150);
assert.deepEqual(await ok(client.record.deleteAllRecords({ app, records: Array.from({ length: 250 }, (_, n) => ({ id: 7 + n })) })), {});
await ok(client.record.deleteRecords({ app, ids: [6], revisions: [1] }));

// ── Several requests as one ───────────────────────────────────────────────────────────────────────────────────────
const together = await ok(client.bulkRequest({ requests: [
  { method: "POST", api: "/k/v1/record.json", payload: { app, record: { tel: text("070-1") } } },
  { method: "PUT", api: "/k/v1/records.json", payload: { app, records: [{ id: 1, record: { name: text("一") } }] } }] }));
assert.equal(together.results.length, 2);
assert.equal(together.results[0].revision, "1");
const undone = await refused(client.bulkRequest({ requests: [
  { method: "POST", api: "/k/v1/record.json", payload: { app, record: { tel: text("070-2") } } },
  { method: "POST", api: "/k/v1/record.json", payload: { app, record: { tel: text("070-1") } } }] }), 400, "CB_VA01");
assert.equal(undone.bulkRequestIndex, 1);
assert.equal((await ok(client.record.getRecords({ app, query: 'tel = "070-2"' }))).records.length, 0, "nothing was written");

// ── Comments ──────────────────────────────────────────────────────────────────────────────────────────────────────
const comment = await ok(client.record.addRecordComment({ app, record: 1, comment: { text: "折り返し" } }));
assert.equal(comment.id, "1");
const { comments, older, newer } = await ok(client.record.getRecordComments({ app, record: 1 }));
assert.deepEqual([comments[0].text, older, newer], ["折り返し ", false, false]);
assert.deepEqual(await ok(client.record.deleteRecordComment({ app, record: 1, comment: 1 })), {});
await refused(client.record.deleteRecordComment({ app, record: 1, comment: 1 }), 400, "GAIA_RE02");

// ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────
const sound = Buffer.from("RIFF\r\n\0\xffWAVE", "latin1");
const { fileKey } = await ok(client.file.uploadFile({ file: { name: "録音.wav", data: sound } }));
await ok(client.record.updateRecord({ app, id: 1, record: { recording: text([{ fileKey }]) } }));
const [file] = (await ok(client.record.getRecord({ app, id: 1 }))).record.recording.value;
assert.deepEqual([file.name, file.size], ["録音.wav", String(sound.length)]);
assert.deepEqual(Buffer.from(await ok(client.file.downloadFile({ fileKey: file.fileKey }))), sound);
await refused(client.record.updateRecord({ app, id: 2, record: { recording: text([{ fileKey }]) } }), 404, "GAIA_BL01");

// ── Apps ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const { properties } = await ok(client.app.getFormFields({ app }));
assert.deepEqual([properties.tel.unique, properties.tel.maxLength, properties.rank.options.A.index], [true, "20", "0"]);
assert.equal(properties["更新日時"].type, "UPDATED_TIME");
assert.equal((await ok(client.app.getApp({ id: app }))).name, "Test");
assert.ok((await ok(client.app.getFormLayout({ app }))).layout.length > 5);
const guest = new KintoneRestAPIClient({ baseUrl, guestSpaceId: 7, auth: { apiToken: guestToken } });
assert.deepEqual(await ok(guest.record.addRecord({ app: 2, record: { tel: text("06-1") } })), { id: "1", revision: "1" });
const outside = new KintoneRestAPIClient({ baseUrl, auth: { apiToken: guestToken } });
await refused(outside.record.getRecords({ app: 2 }), 400, "GAIA_IL23");
const person = new KintoneRestAPIClient({ baseUrl, auth: { username: "sato", password } });
const made = await ok(person.app.addApp({ name: "通話履歴" }));
await ok(person.app.addFormFields({ app: made.app, properties: { call_id: { type: "SINGLE_LINE_TEXT", code: "call_id", label: "Call", unique: true } } }));
await ok(person.app.deployApp({ apps: [{ app: made.app }] }));
assert.equal((await ok(person.app.getDeployStatus({ apps: [made.app] }))).apps[0].status, "PROCESSING");
assert.equal((await ok(person.app.getDeployStatus({ apps: [made.app] }))).apps[0].status, "SUCCESS");
assert.equal((await ok(person.app.getFormFields({ app: made.app }))).properties.call_id.unique, true);
await refused(client.app.addApp({ name: "x" }), 403, "CB_NO02");

console.log(`${calls} calls`);
