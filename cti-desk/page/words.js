// Every word that the page shows, in each language. A word may hold {placeholders}.

const en = {
  language_name: "English",
  page_title: "Desk",
  skip: "Skip to the number box",
  sign_in_title: "Agent desk",
  token: "Agent token",
  sign_in: "Sign in",
  sign_in_wrong: "This token is not known. Paste the whole token, or ask your administrator for a new one.",
  sign_out: "Sign out",
  extension: "Ext. {extension}",
  calls: "Calls",
  no_calls: "No calls right now. Incoming calls appear here.",
  slash_hint: "jumps to the number box",
  dial_title: "Dial",
  number: "Telephone number",
  number_hint: "Number to call",
  dial: "Call",
  dialing_now: "Your phone rings: pick up, then the number is dialled.",
  dial_string: "Ext. {extension} dials {number}",
  rule: {
    as_stored: "as entered", separators_removed: "without separators", extension_removed: "without extension",
    national: "national form", international_prefix: "international prefix", prefix: "prefix {label}",
    prefix_present: "prefix {label} is there already", no_prefix: "no prefix", caller_id: "caller ID code kept",
    emergency: "emergency: as it is", service_number: "service number: as it is", feature_code: "feature code: as it is",
    extension: "extension: as it is", short_number: "short number: as it is",
  },
  recent: "Recent calls",
  no_recent: "Calls that are over stay here for a while.",
  cancel: "Cancel",
  choice_title: "How should it be dialled?",
  choice_extension: "Telephone",
  choice_prefix: "Prefix",
  no_prefix: "No prefix",
  transfer_title: "Transfer the call",
  transfer_to: "Extension or number",
  transfer_blind: "Transfer now",
  transfer_consult: "Ask first",
  transfer_complete: "Hand over",
  transfer_cancel: "Take back",
  consulting: "Asking {number} …",
  answer: "Answer",
  hang_up: "Hang up",
  decline: "Decline",
  hold: "Hold",
  resume: "Resume",
  transfer: "Transfer",
  keypad: "Keypad",
  copy: "Copy the number",
  copied: "Copied",
  call_back: "Put {number} into the number box",
  open_record: "Open record",
  looking_up: "Looking up the customer …",
  open_page: "Open the page that your browser blocked",
  notice_failed: "{crm} could not be told of the call. The call goes on as usual.",
  look_up_failed: "The customer system did not answer. The call goes on as usual.",
  unknown_caller: "Unknown caller",
  unknown_number: "Not in the customer system",
  several: "{count} customers have this number",
  several_more: "More than {count} customers have this number",
  to_number: "called {number}",
  queue: "Queue {queue}",
  slot: "Parking slot {slot}",
  recorded: "Recorded",
  conference: "Conference",
  call_from: "From {time}",
  incoming_announce: "Incoming call: {name}",
  link_connecting: "Connecting",
  link_up: "Connected",
  link_down: "Reconnecting",
  banner_down: "The desk is not connected. Calls go on; this page catches up by itself.",
  banner_part: "Not ready: {parts}",
  direction: { inbound: "Incoming", outbound: "Outgoing", internal: "Internal" },
  state: {
    ringing: "Ringing", dialing: "Dialling", talking: "In call", held: "On hold", held_by_other: "You are on hold",
    parked: "Parked", over: "Ended",
  },
  withheld: {
    rejected_by_user: "Withheld number", payphone: "Payphone", unavailable: "Number not available",
    service_conflict: "Number not available", unknown: "No number",
  },
  outcome: {
    answered: "Answered", missed: "Missed", busy: "Busy", rejected: "Declined", failed: "Failed", cancelled: "Cancelled",
    abandoned: "Caller gave up", merged: "Joined", lost_track: "Lost sight of", answered_elsewhere: "Answered elsewhere",
    no_answer: "No answer", caller_gave_up: "Caller gave up", unavailable: "Phone not reachable",
    transferred: "Transferred", parked: "Picked up from parking",
  },
  answered_by: "Answered by {extension}",
  transferred_to: "Transferred to {number}",
  agent_state: {
    logged_in: "Signed in", ready: "Ready", not_ready: "Not ready", on_call: "On a call", after_call: "Wrap-up",
    logged_out: "Signed out",
  },
  error: {
    busy: "Your phone is busy.", no_answer: "The phone was not picked up.", rejected: "Refused: {message}",
    not_found: "Not found: {message}", unsupported: "The telephone system cannot do this: {message}",
    unreachable: "The telephone system cannot be reached. Try again soon.",
    timeout: "No answer in time. Look at your phone before you try again.",
    permission_denied: "Not allowed: {message}", rate_limited: "Too many requests. Try again soon.",
    network: "The desk cannot be reached.", other: "It did not work: {message}",
  },
};

const ja = {
  language_name: "日本語",
  page_title: "デスク",
  skip: "番号入力へ移動",
  sign_in_title: "エージェントデスク",
  token: "エージェントトークン",
  sign_in: "サインイン",
  sign_in_wrong: "このトークンは登録されていません。全体を貼り付けるか、管理者に再発行を依頼してください。",
  sign_out: "サインアウト",
  extension: "内線 {extension}",
  calls: "通話",
  no_calls: "現在、通話はありません。着信するとここに表示されます。",
  slash_hint: "キーで番号入力へ移動",
  dial_title: "発信",
  number: "電話番号",
  number_hint: "発信する番号",
  dial: "発信",
  dialing_now: "お使いの電話機が鳴ります。受話器を取ると発信します。",
  dial_string: "内線 {extension} から {number} へ発信",
  rule: {
    as_stored: "入力どおり", separators_removed: "区切りを除去", extension_removed: "内線番号を除去", national: "国内形式",
    international_prefix: "国際プレフィックス", prefix: "プレフィックス {label}", prefix_present: "プレフィックス {label} は付加済み",
    no_prefix: "プレフィックスなし", caller_id: "発信者番号通知コードを維持", emergency: "緊急通報: そのまま",
    service_number: "特番: そのまま", feature_code: "機能コード: そのまま", extension: "内線: そのまま", short_number: "短縮番号: そのまま",
  },
  recent: "最近の通話",
  no_recent: "終了した通話がしばらく表示されます。",
  cancel: "キャンセル",
  choice_title: "発信方法を選択",
  choice_extension: "電話機",
  choice_prefix: "プレフィックス",
  no_prefix: "なし",
  transfer_title: "通話を転送",
  transfer_to: "内線番号または電話番号",
  transfer_blind: "すぐに転送",
  transfer_consult: "確認してから",
  transfer_complete: "転送する",
  transfer_cancel: "通話に戻る",
  consulting: "{number} に確認中…",
  answer: "応答",
  hang_up: "切断",
  decline: "拒否",
  hold: "保留",
  resume: "保留解除",
  transfer: "転送",
  keypad: "キーパッド",
  copy: "番号をコピー",
  copied: "コピーしました",
  call_back: "{number} を番号欄に入力",
  open_record: "レコードを開く",
  looking_up: "顧客を検索しています…",
  open_page: "ブラウザーが止めたページを開く",
  notice_failed: "{crm} に通知できません。通話には影響ありません。",
  look_up_failed: "顧客システムが応答しません。通話には影響ありません。",
  unknown_caller: "未登録の発信者",
  unknown_number: "顧客システムに未登録",
  several: "この番号の顧客が{count}件あります",
  several_more: "この番号の顧客が{count}件以上あります",
  to_number: "着信番号 {number}",
  queue: "キュー {queue}",
  slot: "パーク {slot}",
  recorded: "録音あり",
  conference: "会議",
  call_from: "{time} から",
  incoming_announce: "着信: {name}",
  link_connecting: "接続中",
  link_up: "接続済み",
  link_down: "再接続中",
  banner_down: "デスクに接続できません。通話は継続します。画面は自動的に復帰します。",
  banner_part: "準備できていません: {parts}",
  direction: { inbound: "着信", outbound: "発信", internal: "内線" },
  state: {
    ringing: "呼出中", dialing: "発信中", talking: "通話中", held: "保留中", held_by_other: "相手が保留中",
    parked: "パーク中", over: "終了",
  },
  withheld: {
    rejected_by_user: "非通知", payphone: "公衆電話", unavailable: "通知圏外", service_conflict: "通知不可", unknown: "番号なし",
  },
  outcome: {
    answered: "応答", missed: "不在", busy: "話中", rejected: "拒否", failed: "失敗", cancelled: "取消", abandoned: "途中放棄",
    merged: "統合", lost_track: "追跡不能", answered_elsewhere: "他の人が応答", no_answer: "応答なし",
    caller_gave_up: "相手が切断", unavailable: "電話機に接続不可", transferred: "転送済み", parked: "パークから応答",
  },
  answered_by: "内線 {extension} が応答",
  transferred_to: "{number} へ転送",
  agent_state: {
    logged_in: "ログイン", ready: "受付可", not_ready: "受付不可", on_call: "通話中", after_call: "後処理", logged_out: "ログアウト",
  },
  error: {
    busy: "お使いの電話機は使用中です。", no_answer: "電話機が応答しませんでした。", rejected: "拒否されました: {message}",
    not_found: "見つかりません: {message}", unsupported: "この電話システムではできません: {message}",
    unreachable: "電話システムに接続できません。しばらくしてからやり直してください。",
    timeout: "時間内に応答がありません。電話機を確認してからやり直してください。",
    permission_denied: "許可されていません: {message}", rate_limited: "要求が多すぎます。しばらくしてからやり直してください。",
    network: "デスクに接続できません。", other: "実行できませんでした: {message}",
  },
};

const languages = { en, ja };
const STORED = "cti-desk-language";

function first() {
  let stored = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch {
    // No storage: the browser's language it is.
  }
  return stored in languages ? stored : navigator.language.startsWith("ja") ? "ja" : "en";
}

let current = first();

export const language = () => current;
export const otherLanguage = () => (current === "ja" ? "en" : "ja");
export const nameOf = (code) => languages[code].language_name;

export function speak(code) {
  current = code;
  try {
    localStorage.setItem(STORED, code);
  } catch {
    // It then holds for this page only.
  }
}

// The word at a path such as "state.ringing", with its placeholders filled.
export function t(path, values = {}) {
  const found = path.split(".").reduce((at, key) => at?.[key], languages[current]);
  if (typeof found !== "string") return null;
  return found.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}
