import common from "./common.json";
import failures from "./failures.json";
import playground from "./playground.json";

export default { common, failures, playground };
