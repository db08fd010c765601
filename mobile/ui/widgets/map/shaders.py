"""The map's shaders: metres become pixels on the graphics card, so a pan is two uniforms.

A line's half width is added after the zoom, so borders stay equally thin and smooth at every zoom; the shapes
of the marks are distance functions, sharp at every size.
"""

HEAD = """
#ifdef GL_ES
precision highp float;
#endif
"""
FILL_VERTEX = (
    HEAD
    + """
attribute vec2 v_pos;
uniform mat4 modelview_mat, projection_mat;
uniform vec2 origin; uniform float zoom;
void main() { gl_Position = projection_mat * modelview_mat * vec4(v_pos * zoom + origin, 0., 1.); }
"""
)
FILL_FRAGMENT = HEAD + "uniform vec4 ink; void main() { gl_FragColor = ink; }"
LINE_VERTEX = (
    HEAD
    + """
attribute vec2 v_pos; attribute vec2 v_off; attribute float v_side;
uniform mat4 modelview_mat, projection_mat;
uniform vec2 origin; uniform float zoom, half_width;
varying float side;
void main() {
    side = v_side * (half_width + 1.);
    vec2 at = v_pos * zoom + origin + v_off * (half_width + 1.);
    gl_Position = projection_mat * modelview_mat * vec4(at, 0., 1.);
}
"""
)
LINE_FRAGMENT = (
    HEAD
    + """
uniform vec4 ink; uniform float half_width; varying float side;
void main() { gl_FragColor = vec4(ink.rgb, ink.a * clamp(half_width + .5 - abs(side), 0., 1.)); }
"""
)
MARK_VERTEX = (
    HEAD
    + """
attribute vec2 v_pos; attribute vec2 v_off; attribute float v_kind;
uniform mat4 modelview_mat, projection_mat;
uniform vec2 origin; uniform float zoom, radius;
varying vec2 at; varying float kind;
void main() {
    kind = v_kind; at = v_off * (radius + 3.);
    gl_Position = projection_mat * modelview_mat * vec4(v_pos * zoom + origin + at, 0., 1.);
}
"""
)
# kinds in the order of MOODS: circle, diamond, triangle, square, two bars
MARK_FRAGMENT = (
    HEAD
    + """
uniform vec4 ink0, ink1, ink2, ink3, ink4, halo; uniform float radius;
varying vec2 at; varying float kind;
void main() {
    vec4 ink = kind < .5 ? ink0 : kind < 1.5 ? ink1 : kind < 2.5 ? ink2 : kind < 3.5 ? ink3 : ink4;
    vec2 p = abs(at);
    float d = kind < .5 ? length(at) - radius * .86
            : kind < 1.5 ? (p.x + p.y - radius * 1.12) * .7071
            : kind < 2.5 ? max(p.x * .866 + at.y * .5 - radius * .56, -at.y - radius * .72)
            : kind < 3.5 ? max(p.x, p.y) - radius * .76
            : max(abs(p.x - radius * .42) - radius * .24, p.y - radius * .76);
    vec4 c = mix(ink, halo, clamp(d + .5, 0., 1.));
    gl_FragColor = vec4(c.rgb, c.a * clamp(2. - d, 0., 1.));
}
"""
)
# a badge stands from the zoom on from which it has room; the icon is what the texture covers
BADGE_VERTEX = (
    HEAD
    + """
attribute vec2 v_pos; attribute vec2 v_off; attribute float v_from;
uniform mat4 modelview_mat, projection_mat;
uniform vec2 origin; uniform float zoom, radius;
varying vec2 at;
void main() {
    at = v_off * (radius + 2.);
    vec4 spot = projection_mat * modelview_mat * vec4(v_pos * zoom + origin + at, 0., 1.);
    gl_Position = zoom < v_from ? vec4(9., 9., 9., 1.) : spot;
}
"""
)
BADGE_FRAGMENT = (
    HEAD
    + """
uniform vec4 ink, halo; uniform float radius; uniform sampler2D texture0;
varying vec2 at;
void main() {
    float d = length(max(abs(at) - radius * .6, 0.)) - radius * .4;
    vec2 look = at / (radius * 1.56) + .5;
    float icon = texture2D(texture0, vec2(look.x, 1. - look.y)).a * step(d, -1.);
    vec4 c = mix(halo, ink, max(icon, clamp(d + 2., 0., 1.)));
    gl_FragColor = vec4(c.rgb, c.a * clamp(.5 - d, 0., 1.));
}
"""
)
PICTURE_VERTEX = (
    HEAD
    + """
attribute vec2 v_pos; attribute vec2 v_tex;
uniform mat4 modelview_mat, projection_mat;
uniform vec2 origin; uniform float zoom;
varying vec2 look;
void main() {
    look = v_tex;
    gl_Position = projection_mat * modelview_mat * vec4(v_pos * zoom + origin, 0., 1.);
}
"""
)
PICTURE_FRAGMENT = (
    HEAD
    + """
uniform float light; uniform sampler2D texture0; varying vec2 look;
void main() { vec4 c = texture2D(texture0, look); gl_FragColor = vec4(c.rgb * light, c.a); }
"""
)

FLAT = [(b"v_pos", 2, "float")]
EDGED = [(b"v_pos", 2, "float"), (b"v_off", 2, "float"), (b"v_side", 1, "float")]
MARKED = [(b"v_pos", 2, "float"), (b"v_off", 2, "float"), (b"v_kind", 1, "float")]
BADGED = [(b"v_pos", 2, "float"), (b"v_off", 2, "float"), (b"v_from", 1, "float")]
PICTURED = [(b"v_pos", 2, "float"), (b"v_tex", 2, "float")]

PROGRAMS: dict[str, tuple[str, str, list[tuple[bytes, int, str]]]] = {
    "fill": (FILL_VERTEX, FILL_FRAGMENT, FLAT),
    "line": (LINE_VERTEX, LINE_FRAGMENT, EDGED),
    "mark": (MARK_VERTEX, MARK_FRAGMENT, MARKED),
    "badge": (BADGE_VERTEX, BADGE_FRAGMENT, BADGED),
    "picture": (PICTURE_VERTEX, PICTURE_FRAGMENT, PICTURED),
}

MOODS = ("ontime", "soon", "overdue", "closed", "paused")
