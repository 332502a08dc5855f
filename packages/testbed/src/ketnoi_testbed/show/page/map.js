// The picture of a world: agencies on the left, platforms above, C06 on the right; and messages that travel in it.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1060;
const ROW = 78;
const still = matchMedia("(prefers-reduced-motion: reduce)");

function make(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) made.append(child);
  return made;
}

function box(x, y, width, height, kind, lines) {
  const group = make("g", {});
  group.append(make("rect", { x, y, width, height, rx: 9, class: kind }));
  lines.forEach(([text, style, below], index) => {
    group.append(make("text", { x: x + width / 2, y: y + (below ?? 20 + index * 15), "text-anchor": "middle", class: style ?? "" }, text));
  });
  return group;
}

export class Picture {
  constructor(svg, world) {
    this.svg = svg;
    this.world = world;
    this.servers = new Map();
    this.systems = new Map();
    this.travelling = 0;
    this.draw();
  }

  draw() {
    const { world, svg } = this;
    const platforms = Object.fromEntries(world.platforms.map((each) => [each.instance, each.platform]));
    const per = Math.max(1, world.platforms.length);
    const agencyHeight = per * ROW + 28;
    const top = 108;
    const height = top + world.agencies.length * (agencyHeight + 22) + 22;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    const places = make("g", {}), wires = make("g", {}), boxes = make("g", {});
    this.dots = make("g", {});

    // Platforms, and what they tell everybody: the signed configuration.
    const exchanges = new Map();
    world.platforms.forEach((each, index) => {
      const x = 520 - 112 + index * 244 - (world.platforms.length - 1) * 122;
      boxes.append(box(x, 10, 224, 68, `box ${each.platform}`, [[each.instance, "", 24], [each.vi, "small", 42], ["phát hành cấu hình chung, đã ký", "small", 58]]));
      exchanges.set(each.instance, { x: x + 112, y: 78 });
    });

    const place = (server, x, y, width) => {
      boxes.append(box(x, y, width, 60, `box ${platforms[server.instance]}`, [["máy chủ bảo mật", "", 20], [server.id, "mono", 36], [server.host, "mono", 50]]));
      boxes.lastChild.querySelector("rect").dataset.server = server.id;
      const at = { x, y: y + 30, width, rect: boxes.lastChild.querySelector("rect"), instance: server.instance };
      this.servers.set(server.id, at);
      const from = exchanges.get(server.instance);
      wires.append(make("path", { class: "tell", d: `M${from.x} ${from.y} C${from.x} ${from.y + 40}, ${x + width / 2} ${y - 46}, ${x + width / 2} ${y}` }));
    };

    world.agencies.forEach((agency, index) => {
      const y = top + index * (agencyHeight + 22);
      places.append(make("rect", { x: 8, y, width: 436, height: agencyHeight, rx: 14, class: "place" }));
      boxes.append(make("text", { x: 24, y: y + 22 }, `${agency.vi} (${agency.code})`));
      boxes.append(make("text", { x: 430, y: y + 22, class: "small", "text-anchor": "end" }, agency.en));
      const middle = y + 34 + (per * ROW - 18) / 2;
      boxes.append(box(24, middle - 30, 158, 60, "box", [["một cửa", "", 20], ["cán bộ hỏi ở đây", "small", 36], ["officers ask here", "small", 50]]));
      this.systems.set(agency.code, { x: 182, y: middle, rect: boxes.lastChild.querySelector("rect") });
      const own = world.servers.filter((each) => each.code === agency.code);
      own.forEach((server, number) => {
        place(server, 236, y + 34 + number * ROW, 196);
        const at = this.servers.get(server.id);
        wires.append(make("path", { class: `wire ${platforms[server.instance]}`, d: `M182 ${middle} C210 ${middle}, 208 ${at.y}, ${at.x} ${at.y}` }));
      });
    });

    const theirs = world.servers.filter((each) => each.code === world.provider.code);
    const bottom = top + world.agencies.length * (agencyHeight + 22) - 22;
    places.append(make("rect", { x: 596, y: top, width: 456, height: bottom - top, rx: 14, class: "place" }));
    boxes.append(make("text", { x: 612, y: top + 22 }, `${world.provider.vi} (${world.provider.code})`));
    const gap = (bottom - top - 40) / Math.max(1, theirs.length);
    const centre = top + 40 + (bottom - top - 40) / 2;
    this.registry = { x: 872, y: centre };
    boxes.append(box(872, centre - 44, 164, 88, "box registry", [["CSDLQG về dân cư", "", 26], [`${world.people.toLocaleString("vi")} người giả định`, "small", 44], ["bảy cửa, nhật ký tra cứu", "small", 60], ["the registry: seven gates", "small", 75]]));
    this.registry.rect = boxes.lastChild.querySelector("rect");
    theirs.forEach((server, number) => {
      place(server, 612, top + 40 + number * gap + gap / 2 - 30, 200);
      const at = this.servers.get(server.id);
      wires.append(make("path", { class: `wire ${platforms[server.instance]}`, d: `M${at.x + at.width} ${at.y} C846 ${at.y}, 846 ${centre}, 872 ${centre}` }));
      for (const [id, other] of this.servers) {
        if (other.instance === server.instance && id !== server.id) {
          wires.append(make("path", { class: `wire ${platforms[server.instance]}`, d: this.between(other, at) }));
        }
      }
    });
    boxes.append(make("text", { x: WIDTH / 2, y: height - 8, "text-anchor": "middle", class: "small" }, "Tổ chức chứng thực Unsafe: chứng thư, OCSP, dấu thời gian — khóa mới mỗi lần khởi động · the Unsafe authority, fresh keys at each start"));
    svg.append(places, wires, boxes, this.dots);
  }

  between(from, to) {
    return `M${from.x + from.width} ${from.y} C${from.x + from.width + 80} ${from.y}, ${to.x - 80} ${to.y}, ${to.x} ${to.y}`;
  }

  // A call that is over travels once more, slowly enough to be seen.
  travel(call) {
    const system = this.systems.get(call.agency), asking = this.servers.get(call.server), answering = this.servers.get(call.provider);
    if (!system || !asking || this.travelling >= 5 || still.matches || document.hidden) return;
    const legs = [{ d: `M${system.x} ${system.y} C210 ${system.y}, 208 ${asking.y}, ${asking.x} ${asking.y}`, end: asking }];
    if (answering) {
      legs.push({ d: this.between(asking, answering), end: answering });
      if (call.gates.length) legs.push({ d: `M${answering.x + answering.width} ${answering.y} C846 ${answering.y}, 846 ${this.registry.y}, ${this.registry.x} ${this.registry.y}`, end: this.registry });
    }
    this.travelling += 1;
    this.go(legs, call.outcome === "ok" || call.outcome === "01").finally(() => { this.travelling -= 1; });
  }

  async go(legs, good) {
    const dot = make("circle", { r: 6.5, class: "dot" });
    this.dots.append(dot);
    for (const leg of legs) await this.along(dot, leg, false);
    dot.setAttribute("class", good ? "dot answer" : "dot refused");
    for (const leg of legs.reverse()) await this.along(dot, leg, true);
    dot.remove();
  }

  along(dot, leg, back) {
    const path = make("path", { d: leg.d });
    const length = path.getTotalLength();
    const takes = 260 + length * 0.5;
    if (!back) {
      leg.end.rect.classList.add("lit");
      setTimeout(() => leg.end.rect.classList.remove("lit"), 900);
    }
    return new Promise((done) => {
      const began = performance.now();
      const step = (now) => {
        const part = Math.min(1, (now - began) / takes);
        const at = path.getPointAtLength((back ? 1 - part : part) * length);
        dot.setAttribute("cx", at.x);
        dot.setAttribute("cy", at.y);
        if (part < 1) requestAnimationFrame(step);
        else done();
      };
      requestAnimationFrame(step);
    });
  }
}
