/** English words of the pages that come after the first; importing this adds them. Hindi has all of its own in one. */
import i18next from "i18next";

import entry from "./en/entry.json";
import settings from "./en/settings.json";

const later = { entry, settings };
for (const [area, bundle] of Object.entries(later)) i18next.addResourceBundle("en", area, bundle);

export default later;
