import common from "./common.json";
import entry from "./entry.json";
import failures from "./failures.json";
import people from "./people.json";
import playground from "./playground.json";

export default { common, entry, failures, people, playground };
