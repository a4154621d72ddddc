"use strict";
// Speaks to the server it came from as ComfyUI's own page does: REST below
// api/, events on ws, everything relative to where the page itself stands.
const base = location.pathname.replace(/[^/]*$/, "");
const byId = id => document.getElementById(id);
const jobs = new Map();   // prompt_id -> card
const early = new Map();  // prompt_id -> events that came before the answer to POST /prompt
let sid = sessionStorage.getItem("sid") || "";
let socket = null;
let running = null;       // prompt_id that untold previews belong to

const api = async (path, options) => {
	const answer = await fetch(`${base}api${path}`, { cache: "no-cache", ...options });
	const text = await answer.text();
	let body = null;
	try {
		body = text ? JSON.parse(text) : null;
	} catch {
		// not JSON: a proxy's or aiohttp's own page
	}
	if (!answer.ok) throw new Error(explain(body) || `${answer.status} ${answer.statusText}`);
	return body;
};
// ComfyUI's error, and below it what is wrong with each node.
const explain = body => {
	if (!body || !body.error || !body.error.message) return "";
	const nodes = Object.values(body.node_errors || {}).flatMap(node =>
		node.errors.map(error => `${node.class_type}: ${error.message}: ${error.details}`));
	return [body.error.message, ...(nodes.length ? nodes : [body.error.details])].join("\n").trim();
};
const post = (path, body) => api(path, {
	method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const graph = (text, model, seed, steps, size) => ({
	3: { class_type: "KSampler", inputs: { seed, steps, cfg: 8, sampler_name: "euler", scheduler: "normal",
		denoise: 1, model: ["4", 0], positive: ["6", 0], negative: ["7", 0], latent_image: ["5", 0] } },
	4: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: model } },
	5: { class_type: "EmptyLatentImage", inputs: { width: size, height: size, batch_size: 1 } },
	6: { class_type: "CLIPTextEncode", inputs: { text, clip: ["4", 1] } },
	7: { class_type: "CLIPTextEncode", inputs: { text: "", clip: ["4", 1] } },
	8: { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
	9: { class_type: "SaveImage", inputs: { filename_prefix: "ComfyUI", images: ["8", 0] } },
});

class Card {
	constructor(id, detail) {
		this.id = id;
		this.seen = { progress: 0, previews: 0 };
		this.element = byId("card").content.firstElementChild.cloneNode(true);
		this.element.dataset.id = id;
		this.find(".detail").textContent = detail;
		byId("jobs").prepend(this.element);
		byId("empty").hidden = true;
	}
	find(what) { return this.element.querySelector(what); }
	get ended() { return !["queued", "running"].includes(this.element.dataset.state); }
	state(state, text = state, detail = null) {
		this.element.dataset.state = state;
		this.find(".state").textContent = text;
		if (detail !== null) this.find(".detail").textContent = this.find(".detail").title = detail;
	}
	progress(value, max) {
		this.state("running", `step ${value} of ${max}`);
		this.find(".bar i").style.width = `${100 * value / max}%`;
		this.element.dataset.progress = ++this.seen.progress;
	}
	preview(blob) {
		const image = this.find(".preview");
		const old = image.src;
		image.src = URL.createObjectURL(blob);
		image.hidden = false;
		if (old) URL.revokeObjectURL(old);
		this.element.dataset.previews = ++this.seen.previews;
	}
	result(image) {
		const query = new URLSearchParams({ filename: image.filename, type: image.type, subfolder: image.subfolder });
		const link = this.find(".result");
		link.href = link.firstElementChild.src = `${base}api/view?${query}`;
		link.hidden = false;
	}
	done() {
		this.find(".bar i").style.width = "100%";
		this.state("done", "finished");
	}
}

const handlers = {
	execution_start: card => card.state("running", "starting"),
	progress: (card, data) => card.progress(data.value, data.max),
	executed: (card, data) => (data.output.images || []).forEach(image => card.result(image)),
	executing: (card, data) => { if (data.node === null && !card.ended) card.done(); },
	execution_error: (card, data) => card.state("failed", "failed", `${data.exception_type}: ${data.exception_message}`),
	execution_interrupted: card => card.state("stopped", "interrupted"),
};

function onEvent({ type, data }) {
	if (type === "status") {
		if (data.sid) sessionStorage.setItem("sid", sid = data.sid);
		byId("queue").textContent = `${data.status.exec_info.queue_remaining} queued`;
	}
	if (!handlers[type] || !data.prompt_id) return;
	running = data.node === null ? null : data.prompt_id;
	const card = jobs.get(data.prompt_id);
	if (card) {
		handlers[type](card, data);
	} else if (early.size < 100 || early.has(data.prompt_id)) {
		early.set(data.prompt_id, [...(early.get(data.prompt_id) || []), { type, data }]);
	}
}

function onFrame(buffer) {
	const view = new DataView(buffer);
	const mime = { 1: "image/jpeg", 2: "image/png" };
	if (view.getUint32(0) === 1) {
		const card = jobs.get(running);
		if (card) card.preview(new Blob([buffer.slice(8)], { type: mime[view.getUint32(4)] }));
	} else if (view.getUint32(0) === 4) {
		const end = 8 + view.getUint32(4);
		const told = JSON.parse(new TextDecoder().decode(buffer.slice(8, end)));
		const card = jobs.get(told.prompt_id);
		if (card) card.preview(new Blob([buffer.slice(end)], { type: told.image_type }));
	}
}

function setLink(state, text = state) {
	byId("link").dataset.state = state;
	byId("link").textContent = text;
}

function connect() {
	const scheme = location.protocol === "https:" ? "wss" : "ws";
	const again = sid !== "";
	socket = new WebSocket(`${scheme}://${location.host}${base}ws${again ? `?clientId=${sid}` : ""}`);
	socket.binaryType = "arraybuffer";
	socket.onopen = () => {
		socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
		setLink("connected");
		if (again) catchUp();
	};
	socket.onmessage = ({ data }) => typeof data === "string" ? onEvent(JSON.parse(data)) : onFrame(data);
	socket.onclose = () => {
		setLink("lost", "reconnecting");
		setTimeout(connect, 300);
	};
}

// What ended while the socket was away, and what nobody knows any more.
async function catchUp() {
	const open = [...jobs.values()].filter(card => !card.ended);
	if (!open.length) return;
	try {
		const queue = await api("/queue");
		const known = new Set([...queue.queue_running, ...queue.queue_pending].map(item => item[1]));
		for (const card of open) {
			const entry = (await api(`/history/${card.id}`))[card.id];
			if (entry) {
				Object.values(entry.outputs).forEach(output => (output.images || []).forEach(image => card.result(image)));
				if (entry.status.status_str === "success") card.done();
				else card.state("failed", "failed", "while the connection was lost");
			} else if (!known.has(card.id)) {
				card.state("lost", "lost", "the worker no longer knows it");
			}
		}
	} catch (why) {
		showProblem(why);
	}
}

function showProblem(why) {
	byId("problem").textContent = why ? why.message : "";
	byId("problem").hidden = !why;
}

async function submit() {
	const text = byId("text").value;
	const count = Number(byId("count").value);
	for (let i = 0; i < count; i++) {
		const asked = byId("seed").value;
		const seed = asked === "" ? Math.floor(Math.random() * 2 ** 32) : Number(asked) + i;
		const prompt = graph(text, byId("model").value, seed, Number(byId("steps").value), Number(byId("size").value));
		const { prompt_id: id } = await post("/prompt", { client_id: sid, prompt });
		const card = new Card(id, `seed ${seed}`);
		jobs.set(id, card);
		(early.get(id) || []).forEach(({ type, data }) => handlers[type](card, data));
		early.delete(id);
	}
}

byId("form").addEventListener("submit", event => {
	event.preventDefault();
	showProblem(null);
	submit().catch(showProblem);
});
byId("stop").addEventListener("click", () => post("/interrupt", {}).catch(showProblem));

async function start() {
	const models = await api("/models/checkpoints");
	byId("model").replaceChildren(...models.map(name => new Option(name.replace(/\.safetensors$/, ""), name)));
	const { devices } = await api("/system_stats");
	byId("device").textContent = devices.map(one => one.name.replace(/^\S+ /, "")).join(", ");
	connect();
}
start().catch(showProblem);
