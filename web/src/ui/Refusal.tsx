import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ApiFailure } from "../api/failure";
import { Notice } from "./Notice";

interface RefusalProps {
  title: string;
  failure: Error;
  onDismiss?: () => void;
}

/** What the server refused, in its own words, with what to do and the request id. */
export function Refusal({ title, failure, onDismiss }: RefusalProps) {
  const { t } = useTranslation();
  const said = failure instanceof ApiFailure && failure.status > 0 ? failure : null;
  return (
    <Notice title={title} requestId={said?.requestId ?? null} {...(onDismiss ? { onDismiss } : {})}>
      <Text>{said ? `${said.message} ${said.hint}` : t("unreachable_text")}</Text>
    </Notice>
  );
}
