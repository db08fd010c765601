// The four deadline shapes and the cluster rings, drawn on a canvas in the colours of the present theme.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const RATIO = 2;
const STATUSES = ["overdue", "soon", "ontime", "closed"];

function canvas(size) {
  const made = document.createElement("canvas");
  made.width = made.height = size * RATIO;
  const pen = made.getContext("2d", { willReadFrequently: true });
  pen.scale(RATIO, RATIO);
  return pen;
}

const image = (pen) => pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height);

const SHAPES = {
  ontime: "M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0Z",
  soon: "M8 1.2 14.8 8 8 14.8 1.2 8Z",
  overdue: "M8 1.6 15.2 14H.8Z",
  closed: "M3 3H13V13H3Z",
};

// 16 px box with a paper halo; late ones are larger, so that the eye finds them first.
function draw(pen, status, x, y, size) {
  pen.save();
  pen.translate(x - size / 2, y - size / 2);
  pen.scale(size / 16, size / 16);
  const path = new Path2D(SHAPES[status] ?? SHAPES.closed);
  pen.lineJoin = "round";
  pen.lineWidth = (3.2 * 16) / size;
  pen.strokeStyle = token("map-halo");
  pen.stroke(path);
  pen.fillStyle = token(`${SHAPES[status] ? status : "closed"}-mark`);
  pen.fill(path);
  if (status === "closed") {
    pen.lineWidth = 1.5;
    pen.strokeStyle = token("surface");
    pen.stroke(new Path2D("m5.4 8.1 1.9 1.9 3.4-3.8"));
  }
  pen.restore();
}

function mark(status) {
  const pen = canvas(24);
  draw(pen, status, 12, 12, { overdue: 18, soon: 17, ontime: 13, closed: 13 }[status] ?? 13);
  return image(pen);
}

// A ring shared by overdue, soon, on time and closed; the count inside; a triangle when anything is overdue.
function cluster(counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  const radius = total < 10 ? 15 : total < 100 ? 17 : total < 1000 ? 21 : 25;
  const size = 2 * radius + 12, centre = size / 2, pen = canvas(size);
  pen.beginPath();
  pen.arc(centre, centre, radius, 0, 2 * Math.PI);
  pen.fillStyle = token("surface");
  pen.fill();
  let at = -Math.PI / 2;
  pen.lineWidth = 4;
  counts.forEach((count, index) => {
    if (!count) return;
    const end = at + (2 * Math.PI * count) / total;
    pen.beginPath();
    pen.arc(centre, centre, radius - 2, at, end);
    pen.strokeStyle = token(`${STATUSES[index]}-mark`);
    pen.stroke();
    at = end;
  });
  pen.fillStyle = token("ink");
  pen.font = `700 13px ${token("font")}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(total > 9999 ? `${Math.floor(total / 1000)}k` : String(total), centre, centre + 1);
  if (counts[0]) draw(pen, "overdue", centre + radius * 0.72, centre - radius * 0.72, 13);
  return image(pen);
}

// Images are made when the style first asks for one; a theme change makes a new style, which asks again.
export function drawMarks(map) {
  map.setMissingStyleImageResolver((id) => {
    const [kind, ...rest] = id.split(":");
    if (kind === "mark") map.addImage(id, mark(rest[0]), { pixelRatio: RATIO });
    if (kind === "cluster") map.addImage(id, cluster(rest.map(Number)), { pixelRatio: RATIO });
  });
}
