; Links to slipway:// open the app. Manifests are offered to it ("Open with"); their default program stays what it is.
!macro customInstall
  WriteRegStr SHCTX "Software\Classes\slipway" "" "URL:Slipway"
  WriteRegStr SHCTX "Software\Classes\slipway" "URL Protocol" ""
  WriteRegStr SHCTX "Software\Classes\slipway\shell\open\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'

  WriteRegStr SHCTX "Software\Classes\Slipway.Manifest" "" "Kubernetes manifest"
  WriteRegStr SHCTX "Software\Classes\Slipway.Manifest\shell\open\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'
  WriteRegStr SHCTX "Software\Classes\.yaml\OpenWithProgids" "Slipway.Manifest" ""
  WriteRegStr SHCTX "Software\Classes\.yml\OpenWithProgids" "Slipway.Manifest" ""
!macroend

!macro customUnInstall
  DeleteRegKey SHCTX "Software\Classes\slipway"
  DeleteRegKey SHCTX "Software\Classes\Slipway.Manifest"
  DeleteRegValue SHCTX "Software\Classes\.yaml\OpenWithProgids" "Slipway.Manifest"
  DeleteRegValue SHCTX "Software\Classes\.yml\OpenWithProgids" "Slipway.Manifest"
!macroend
