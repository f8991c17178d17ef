// A figure's question to the network: the newest wins, one is under way at a time, the last answer stays on the screen.

import { useEffect, useRef, useState } from "../parts/html.js";
import { server, stream } from "./api.js";

/** @typedef {import("./frames.js").Frame} Frame */

/** Ask whenever `body` has changed, but not before the last answer's next frame: dragging gets answers as fast as they come.
 * `frames` are those of the newest answer, growing while they arrive; they belong to `asked`, which may lag behind.
 * @param {string} figure its name @param {string} path @param {any} body null asks nothing
 * @returns {{frames: Frame[], asked: any, busy: boolean, trouble: string}} */
export function useAnswer(figure, path, body) {
  const [state, setState] = useState({ frames: /** @type {Frame[]} */ ([]), asked: /** @type {any} */ (null), busy: false, trouble: "" });
  const line = useRef({ going: false, wanted: "", gone: false }), key = JSON.stringify(body);
  useEffect(() => {
    line.current.gone = false;
    return () => void (line.current.gone = true);
  }, []);
  useEffect(() => {
    line.current.wanted = key;
    if (key === "null" || line.current.going || server.value === "offline") return;
    line.current.going = true;
    (async () => {
      for (let said = ""; said !== line.current.wanted && !line.current.gone; ) {
        said = line.current.wanted;
        const question = JSON.parse(said), frames = /** @type {Frame[]} */ ([]);
        try {
          for await (const frame of stream(path, question, undefined, figure)) {
            frames.push(frame);
            setState({ frames: frames.slice(), asked: question, busy: true, trouble: "" });
            if (said !== line.current.wanted || line.current.gone) break; // the server hears it and stops at its next frame
          }
          setState({ frames, asked: question, busy: false, trouble: "" });
        } catch (problem) {
          const trouble = problem instanceof Error ? problem.message : String(problem);
          setState((/** @type {any} */ before) => ({ ...before, busy: false, trouble }));
        }
      }
      line.current.going = false;
    })();
  }, [key, server.value === "offline"]);
  const behind = key !== "null" && JSON.stringify(state.asked) !== key && !state.trouble;
  return { ...state, busy: state.busy || behind };
}
