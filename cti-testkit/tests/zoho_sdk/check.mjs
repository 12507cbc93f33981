// Uses a simulated Zoho through Zoho's own SDK. Arguments: address, client id, client secret, refresh token, grant code.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ZOHO from "@zohocrm/nodejs-sdk-8.0";

const lib = "./node_modules/@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/";
const own = async (file) => (await import(lib + file + ".js"));
const records = await own("record/record_operations");
const { MasterModel: Record } = await own("record/record");
const { MasterModel: Body } = await own("record/body_wrapper");
const { MasterModel: Coql } = await own("coql/body_wrapper");
const { CoqlOperations } = await own("coql/coql_operations");
const users = await own("users/users_operations");
const fields = await own("fields/fields_operations");
const groups = await own("user_groups/user_groups_operations");
const org = await own("org/org_operations");
const modules = await own("modules/modules_operations");

const [address, clientId, clientSecret, refreshToken, grant] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "zoho-"));
let calls = 0;

async function start(name, token) {
  const environment = ZOHO.DataCenter.setEnvironment(address, address + "/oauth/v2/token", address);
  const config = new ZOHO.SDKConfigBuilder().autoRefreshFields(false).pickListValidation(false).build();
  const logger = new ZOHO.LogBuilder().level(ZOHO.Levels.ERROR).filePath(join(home, "log")).build();
  // The constructor gives a promise. After the first time the user is switched.
  const builder = (await new ZOHO.InitializeBuilder()).environment(environment).token(token)
    .store(new ZOHO.FileStore(join(home, name))).SDKConfig(config).resourcePath(home).logger(logger);
  await (calls === 0 ? builder.initialize() : builder.switchUser());
}

/** Asks; gives status and the parsed object (null for 204). */
async function ask(promise) {
  calls += 1;
  const response = await promise;
  assert.ok(response, "an answer");
  return [response.getStatusCode(), response.getObject()];
}

const params = async (list) => {
  const all = new ZOHO.ParameterMap();
  for (const [param, value] of list) await all.add(param, value);
  return all;
};

const of = (module) => new records.RecordOperations(module);

async function body(values) {
  const wrapper = new Body();
  const list = [];
  for (const value of values) {
    const record = new Record();
    for (const [key, item] of Object.entries(value)) record.addKeyValue(key, item);
    list.push(record);
  }
  wrapper.setData(list);
  wrapper.setTrigger(["workflow"]);
  return wrapper;
}

const builder = () => new ZOHO.OAuthBuilder().clientId(clientId).clientSecret(clientSecret).findUser(false);

// A grant code of a self client, exchanged as the SDK does it.
await start("grant", builder().grantToken(grant).build());
{
  const [status] = await ask(new org.OrgOperations().getOrganization());
  assert.equal(status, 200);
}

// A refresh token.
await start("refresh", builder().refreshToken(refreshToken).build());

let contact;
{
  const [status, answer] = await ask(of("Contacts").createRecords(await body([
    { Last_Name: "Yamada", Phone: "03-1234-5678", Email: "yamada@example.com" },
  ])));
  assert.equal(status, 201);
  const entry = answer.getData()[0];
  assert.equal(entry.getStatus().getValue(), "success");
  assert.equal(entry.getCode().getValue(), "SUCCESS");
  contact = entry.getDetails().get("id");
}
{
  const [status, answer] = await ask(of("Contacts").createRecords(await body([
    { Last_Name: "Suzuki", Phone: "0698765432" }, { First_Name: "Nobody" },
  ])));
  assert.equal(status, 207);
  const [good, bad] = answer.getData();
  assert.equal(good.getStatus().getValue(), "success");
  assert.equal(bad.getStatus().getValue(), "error");
  assert.equal(bad.getCode().getValue(), "MANDATORY_NOT_FOUND");
  assert.equal(bad.getDetails().get("api_name"), "Last_Name");
}
{
  const [status, answer] = await ask(of("Contacts").createRecords(await body([{ First_Name: "Nobody" }])));
  assert.equal(status, 400);
  assert.equal(answer.getData()[0].getCode().getValue(), "MANDATORY_NOT_FOUND");
}

const SEARCH = records.SearchRecordsParam;
const found = async (module, key, value) => {
  const [status, answer] = await ask(of(module).searchRecords(await params([[key, value]])));
  return [status, answer?.getData?.() ?? []];
};
{
  const [status, rows] = await found("Contacts", SEARCH.PHONE, "0312345678");
  assert.equal(status, 200);
  assert.equal(rows[0].getKeyValue("Full_Name"), "Yamada");
}
{
  const [status, rows] = await found("Contacts", SEARCH.PHONE, "0000000000");
  assert.deepEqual([status, rows.length], [204, 0]);
}
{
  const [status, rows] = await found("Contacts", SEARCH.EMAIL, "yamada@example.com");
  assert.deepEqual([status, rows.length], [200, 1]);
}
{
  const [status, rows] = await found("Contacts", SEARCH.CRITERIA, "((Phone:equals:0698765432)or(Mobile:equals:1))");
  assert.deepEqual([status, rows.length], [200, 1]);
}
{
  const [status, rows] = await found("Contacts", SEARCH.WORD, "Yamada");
  assert.deepEqual([status, rows.length], [200, 1]);
}
{
  const [status, answer] = await ask(of("Contacts").searchRecords(await params([[SEARCH.PHONE, "1"]])));
  assert.equal(status, 400);
  assert.equal(answer.getCode().getValue(), "INVALID_DATA");
}
{
  const [status, answer] = await ask(of("Contacts").recordCount(await params([[records.RecordCountParam.PHONE, "0312345678"]])));
  assert.equal(status, 200);
  assert.equal(Number(answer.getCount()), 1);
}
{
  const [status, answer] = await ask(of("Contacts").getRecord(BigInt(contact)));
  assert.equal(status, 200);
  assert.equal(answer.getData()[0].getKeyValue("Email"), "yamada@example.com");
}
{
  const [status, answer] = await ask(of("Contacts").getRecords(await params([[records.GetRecordsParam.FIELDS, "Last_Name,Phone"], [records.GetRecordsParam.PER_PAGE, 1]])));
  assert.equal(status, 200);
  assert.equal(answer.getData().length, 1);
  assert.equal(answer.getInfo().getMoreRecords(), true);
}
{
  const [status, answer] = await ask(of("Contacts").updateRecord(BigInt(contact), await body([{ Mobile: "090-1111-2222" }])));
  assert.equal(status, 200);
  assert.equal(answer.getData()[0].getMessage().getValue(), "record updated");
}

const coql = async (query) => {
  const wrapper = new Coql();
  wrapper.setSelectQuery(query);
  return ask(new CoqlOperations().getRecords(wrapper));
};
{
  const [status, answer] = await coql("select id, Full_Name, Phone, Mobile from Contacts where ((Phone = '1') or (Mobile in ('090-1111-2222', '2'))) limit 10");
  assert.equal(status, 200);
  assert.equal(answer.getData()[0].getKeyValue("Full_Name"), "Yamada");
  assert.equal(answer.getInfo().getMoreRecords(), false);
}
{
  const [status] = await coql("select id from Contacts where Phone = 'nobody'");
  assert.equal(status, 204);
}
{
  const [status, answer] = await coql("select id from Contacts");
  assert.equal(status, 400);
  assert.equal(answer.getCode().getValue(), "SYNTAX_ERROR");
}

const call = (more) => ({
  Subject: "Call from 03", Call_Type: new ZOHO.Choice("Inbound"),
  Call_Start_Time: new Date("2026-01-02T03:04:05+00:00"), Call_Duration: "01:05", ...more,
});
let logged;
{
  const who = new Record();
  await who.setId(BigInt(contact));
  const [status, answer] = await ask(of("Calls").createRecords(await body([
    call({ Who_Id: who, Description: "Number: 03", Voice_Recording__s: "https://pbx.example.com/1.wav", CTI_Call_ID: "main-1" }),
  ])));
  assert.equal(status, 201);
  logged = answer.getData()[0].getDetails().get("id");
}
{
  const [status, answer] = await ask(of("Calls").createRecords(await body([call({ CTI_Call_ID: "main-1" })])));
  assert.equal(status, 400);
  assert.equal(answer.getData()[0].getCode().getValue(), "DUPLICATE_DATA");
}
{
  const [status, answer] = await ask(of("Calls").createRecords(await body([call({ Call_Duration: "00:00" })])));
  assert.equal(status, 400);
  assert.equal(answer.getData()[0].getCode().getValue(), "INVALID_DATA");
}
{
  const [status, answer] = await ask(of("Calls").getRecord(BigInt(logged)));
  assert.equal(status, 200);
  const row = answer.getData()[0];
  assert.equal(Number(row.getKeyValue("Call_Duration_in_seconds")), 65);
  assert.equal(row.getKeyValue("Who_Id").getId(), BigInt(contact));
}
{
  const [status, answer] = await ask(of("Calls").upsertRecords(await body([call({})])));
  assert.equal(status, 400);
  assert.equal(answer.getCode().getValue(), "NOT_SUPPORTED");
}
for (const expected of ["insert", "update"]) {
  const [status, answer] = await ask(of("Leads").upsertRecords(await body([{ Last_Name: "Kato", Company: "Acme", Email: "kato@example.com" }])));
  assert.equal(status, 200);
  assert.equal(answer.getData()[0].getAction().getValue(), expected);
}
{
  const [status] = await ask(of("Tasks").createRecords(await body([{ Subject: "Call back" }])));
  assert.equal(status, 201);
}
{
  const [status, answer] = await ask(new users.UsersOperations().getUsers(await params([[users.GetUsersParam.TYPE, "ActiveConfirmedUsers"]])));
  assert.equal(status, 200);
  assert.equal(answer.getUsers().length, 2);
  assert.equal(answer.getUsers()[0].getEmail(), "jane@example.com");
  const [one, only] = await ask(new users.UsersOperations().getUser(answer.getUsers()[1].getId()));
  assert.equal(one, 200);
  assert.equal(only.getUsers()[0].getFullName(), "Joe");
}
{
  const [status, answer] = await ask(new org.OrgOperations().getOrganization());
  assert.equal(status, 200);
  assert.equal(String(answer.getOrg()[0].getZgid()), "700000001");
}
{
  const [status, answer] = await ask(new fields.FieldsOperations().getFields(await params([[fields.GetFieldsParam.MODULE, "Contacts"]])));
  assert.equal(status, 200);
  const phones = answer.getFields().filter((field) => field.getDataType() === "phone").map((field) => field.getAPIName());
  assert.ok(phones.includes("Mobile"), phones.join());
}
{
  const [status, answer] = await ask(new modules.ModulesOperations().getModules());
  assert.equal(status, 200);
  assert.ok(answer.getModules().some((module) => module.getAPIName() === "Calls"));
}
{
  const api = new groups.UserGroupsOperations();
  const [status, answer] = await ask(api.getGroups(await params([])));
  assert.equal(status, 200);
  const group = answer.getUserGroups()[0];
  assert.equal(group.getName(), "Sales");
  const [second, sources] = await ask(api.getSources(group.getId(), await params([])));
  assert.equal(second, 200);
  assert.equal(sources.getSources().length, 2);
}
console.log(`${calls} calls`);
