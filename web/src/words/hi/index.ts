import common from "./common.json";
import entry from "./entry.json";
import failures from "./failures.json";
import playground from "./playground.json";
import settings from "./settings.json";

export default { common, entry, failures, playground, settings };
