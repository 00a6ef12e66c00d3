import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Code.module.css";

/** Text to be taken elsewhere, with a button that copies it. */
export function Code({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState<string | null>(null);
  return (
    <div className={classes.frame}>
      <pre className={classes.code} tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
      <Button
        className={classes.copy ?? ""}
        size="xs"
        variant="default"
        onClick={() => void copyText(text).then((done) => setCopied(done ? text : null))}
      >
        {copied === text ? t("copied") : t("copy")}
      </Button>
    </div>
  );
}

/** False where the browser gives no clipboard (plain http): the text can still be selected. */
async function copyText(text: string): Promise<boolean> {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (!clipboard) return false;
  return clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}
